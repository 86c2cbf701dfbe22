//! A small JSON writer. Pages of hundreds of VMs are written straight into one string, without a tree in between.

/// Writes JSON; commas come by themselves.
#[derive(Debug, Default)]
pub struct Json {
    out: String,
    /// Whether the next key or element needs a comma before it.
    comma: bool,
}

impl Json {
    /// An empty writer with room for `bytes`.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            out: String::with_capacity(bytes),
            comma: false,
        }
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.out
    }

    /// Starts an object, as an element or as the value of the last key.
    pub fn open(&mut self) {
        self.separate();
        self.out.push('{');
        self.comma = false;
    }

    /// Ends an object.
    pub fn close(&mut self) {
        self.out.push('}');
        self.comma = true;
    }

    /// Starts an array.
    pub fn open_array(&mut self) {
        self.separate();
        self.out.push('[');
        self.comma = false;
    }

    /// Ends an array.
    pub fn close_array(&mut self) {
        self.out.push(']');
        self.comma = true;
    }

    /// Writes a key. Keys are ours and need no escaping.
    pub fn key(&mut self, key: &str) {
        self.separate();
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
        self.comma = false;
    }

    /// A string value, escaped.
    pub fn string(&mut self, value: &str) {
        self.separate();
        self.out.push('"');
        escape(&mut self.out, value);
        self.out.push('"');
        self.comma = true;
    }

    /// A whole number.
    pub fn number(&mut self, value: i64) {
        self.separate();
        push_number(&mut self.out, value);
        self.comma = true;
    }

    /// Finished JSON, put in as it is.
    pub fn raw(&mut self, value: &str) {
        self.separate();
        self.out.push_str(value);
        self.comma = true;
    }

    /// A string value of pieces that need no escaping (addresses of our own making).
    pub fn plain(&mut self, pieces: &[&str]) {
        self.separate();
        self.out.push('"');
        for piece in pieces {
            self.out.push_str(piece);
        }
        self.out.push('"');
        self.comma = true;
    }

    /// `"key": "value"`.
    pub fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.string(value);
    }

    /// `"key": 5`.
    pub fn count(&mut self, key: &str, value: impl Into<i64>) {
        self.key(key);
        self.number(value.into());
    }

    /// `"key": true`.
    pub fn flag(&mut self, key: &str, value: bool) {
        self.key(key);
        self.raw(if value { "true" } else { "false" });
    }

    /// `"key": <finished JSON>`.
    pub fn verbatim(&mut self, key: &str, value: &str) {
        self.key(key);
        self.raw(value);
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(',');
        }
    }
}

/// Appends a number without the formatting machinery: it is called some forty times for each VM.
pub fn push_number(out: &mut String, value: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        // The remainder is below ten, so the cast loses nothing.
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push('-');
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

fn escape(out: &mut String, value: &str) {
    let mut from = 0;
    for (at, byte) in value.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        // Every escaped byte is ASCII, so these are character boundaries.
        out.push_str(&value[from..at]);
        from = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            other => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.push_str("\\u00");
                out.push(char::from(HEX[usize::from(other >> 4)]));
                out.push(char::from(HEX[usize::from(other & 15)]));
            }
        }
    }
    out.push_str(&value[from..]);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn what_is_written_parses_back_to_the_same_values() {
        let awkward = "tab\t, quote \", slash \\, bell \u{7}, newline\n, ñ, 漢";
        let mut json = Json::default();
        json.open();
        json.text("text", awkward);
        json.count("least", i64::MIN);
        json.key("list");
        json.open_array();
        json.number(0);
        json.string("two");
        json.open();
        json.close();
        json.close_array();
        json.flag("yes", true);
        json.close();
        let value: serde_json::Value = serde_json::from_str(&json.finish()).unwrap();
        assert_eq!(value["text"], awkward);
        assert_eq!(value["least"], i64::MIN);
        assert_eq!(value["list"], serde_json::json!([0, "two", {}]));
        assert_eq!(value["yes"], true);
    }
}
