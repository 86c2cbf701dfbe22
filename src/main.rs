//! The `vmdeck` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    vmdeck::cli::main(std::env::args_os())
}
