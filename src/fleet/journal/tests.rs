#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use super::*;

fn record(run: &str, command: u64, stage: &str, last: bool) -> Record {
    Record {
        time: Timestamp::from_second(1_700_000_000).unwrap(),
        run: run.into(),
        command,
        cloud: CloudName::new("prod"),
        vm: Some("7".into()),
        vapp: None,
        tenant: None,
        name: "web-07".into(),
        action: "power_off".to_owned(),
        args: None,
        stage: stage.to_owned(),
        task: None,
        locator: None,
        watch: None,
        group: None,
        message: None,
        user: None,
        last,
    }
}

fn lines(dir: &Path, name: &str) -> Vec<Record> {
    let text = std::fs::read_to_string(dir.join(name)).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

fn line(record: &Record) -> Vec<u8> {
    let mut text = serde_json::to_vec(record).unwrap();
    text.push(b'\n');
    text
}

#[test]
fn lines_of_writers_at_the_same_time_stay_whole() {
    let dir = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for writer in 0..4 {
            let dir = dir.path();
            scope.spawn(move || {
                let run = format!("run-{writer}");
                let mut file = JournalFile::new(dir, &run);
                for command in 0..200 {
                    file.append(&line(&record(&run, command, "asked", false)))
                        .unwrap();
                }
            });
        }
    });
    let lines = lines(dir.path(), file::NAME);
    assert_eq!(lines.len(), 800);
    for writer in 0..4 {
        let run = format!("run-{writer}");
        let commands = lines.iter().filter(|line| *line.run == *run);
        assert!(commands.map(|line| line.command).eq(0..200), "in its order");
    }
}

#[test]
fn a_journal_that_has_grown_is_put_aside_and_nothing_is_lost_between_two_writers() {
    let dir = tempfile::tempdir().unwrap();
    let one = line(&record("a", 0, "asked", false)).len() as u64;
    let mut a = JournalFile::new(dir.path(), "a").with_size_max(one * 10);
    let mut b = JournalFile::new(dir.path(), "b").with_size_max(one * 10);
    for command in 0..8 {
        a.append(&line(&record("a", command, "asked", false)))
            .unwrap();
        b.append(&line(&record("b", command, "asked", false)))
            .unwrap();
    }
    let (older, newer) = (
        lines(dir.path(), file::OLDER),
        lines(dir.path(), file::NAME),
    );
    assert_eq!((older.len(), newer.len()), (10, 6));
    for name in [file::NAME, file::OLDER] {
        let mode = dir
            .path()
            .join(name)
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_torn_line_swallows_nothing() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(file::NAME), b"{\"time\":").unwrap();
    let mut file = JournalFile::new(dir.path(), "a");
    file.append(&line(&record("a", 1, "sent", false))).unwrap();
    drop(file);
    let found = unfinished(dir.path()).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].record.command, 1);
}

#[test]
fn commands_of_a_run_that_is_alive_are_left_alone_and_those_of_a_dead_one_are_claimed_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut alive = JournalFile::new(dir.path(), "alive");
    alive
        .append(&line(&record("alive", 1, "sent", false)))
        .unwrap();
    let mut dead = JournalFile::new(dir.path(), "dead");
    dead.append(&line(&record("dead", 1, "asked", false)))
        .unwrap();
    dead.append(&line(&record("dead", 1, "sent", false)))
        .unwrap();
    dead.append(&line(&record("dead", 2, "asked", false)))
        .unwrap();
    dead.append(&line(&record("dead", 2, "done", true)))
        .unwrap();
    drop(dead);

    let found = unfinished(dir.path()).unwrap();
    let names: Vec<_> = found
        .iter()
        .map(|one| (&*one.record.run, one.record.command, &*one.record.stage))
        .collect();
    assert_eq!(names, [("dead", 1, "sent")]);
    assert!(found[0].sent.is_some());
    assert!(
        unfinished(dir.path()).unwrap().is_empty(),
        "claimed by the one that settles them"
    );
    drop(found);
    assert_eq!(unfinished(dir.path()).unwrap().len(), 1);
}

#[test]
fn a_run_name_from_the_file_never_leads_out_of_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let text = line(&record("../../x", 1, "sent", false));
    std::fs::write(dir.path().join(file::NAME), text).unwrap();
    assert!(unfinished(dir.path()).unwrap().is_empty());
}

#[test]
fn files_of_runs_that_left_nothing_are_swept_away() {
    let dir = tempfile::tempdir().unwrap();
    let mut alive = JournalFile::new(dir.path(), "alive");
    alive
        .append(&line(&record("alive", 1, "asked", false)))
        .unwrap();
    std::fs::write(dir.path().join("runs/crashed.lock"), "").unwrap();
    assert!(unfinished(dir.path()).unwrap().is_empty());
    let left: Vec<_> = std::fs::read_dir(dir.path().join("runs"))
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    assert_eq!(left, ["alive.lock"]);
}
