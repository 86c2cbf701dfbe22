//! Bodies of forms: multipart or urlencoded (1).

use url::form_urlencoded;

/// The fields of a form.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| &**value)
    }

    /// The fields of a query or an urlencoded body.
    pub fn urlencoded(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The fields of a body of this type; `None` for a type that is no form's, and for one that is broken.
    pub fn of(content_type: &str, body: &[u8]) -> Option<Self> {
        let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        match kind.trim().to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => Some(Self::urlencoded(body)),
            "multipart/form-data" => {
                let boundary = parameters
                    .split(';')
                    .find_map(|parameter| parameter.trim().strip_prefix("boundary="))?;
                multipart(std::str::from_utf8(body).ok()?, boundary.trim_matches('"'))
            }
            _ => None,
        }
    }
}

fn multipart(body: &str, boundary: &str) -> Option<Fields> {
    let mark = format!("--{boundary}");
    let mut rest = body.strip_prefix(&mark)?;
    let mut fields = Vec::new();
    loop {
        if rest.starts_with("--") {
            return Some(Fields(fields));
        }
        let part;
        (part, rest) = rest
            .strip_prefix("\r\n")?
            .split_once(&format!("\r\n{mark}"))?;
        let (head, value) = part.split_once("\r\n\r\n")?;
        let disposition = head.split("\r\n").find(|line| {
            line.to_ascii_lowercase()
                .starts_with("content-disposition:")
        })?;
        let name = disposition
            .split(';')
            .find_map(|piece| piece.trim().strip_prefix("name="))?;
        fields.push((name.trim_matches('"').to_owned(), value.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn both_kinds_of_forms_are_read() {
        let multipart = "--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nstop\r\n\
             --b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\na\r\nb\r\n--b--\r\n";
        let fields =
            Fields::of("multipart/form-data; boundary=\"b\"", multipart.as_bytes()).unwrap();
        assert_eq!(fields.get("action"), Some("stop"));
        assert_eq!(fields.get("name"), Some("a\r\nb"));
        let fields = Fields::of(
            "application/x-www-form-urlencoded; charset=utf-8",
            b"action=stop&name=a+b",
        )
        .unwrap();
        assert_eq!(
            (fields.get("action"), fields.get("name")),
            (Some("stop"), Some("a b"))
        );
        assert_eq!(fields.get("other"), None);
    }

    #[test]
    fn what_is_no_form_is_told_apart() {
        for (kind, body) in [
            ("application/json", "{}"),
            ("multipart/form-data", "--b--"),
            ("multipart/form-data; boundary=b", "--b\r\nbroken"),
            ("multipart/form-data; boundary=b", "--c--\r\n"),
        ] {
            assert_eq!(Fields::of(kind, body.as_bytes()), None, "{kind} {body}");
        }
    }
}
