//! The fields of a form as the body of a request.

use reqwest::header::HeaderValue;
use url::form_urlencoded::Serializer;

use crate::config::EcpBody;

/// How long a boundary is, in characters.
const BOUNDARY: usize = 32;

/// A body and its type.
pub(super) struct Form {
    pub content_type: HeaderValue,
    pub body: Vec<u8>,
}

impl Form {
    /// The fields in the configured encoding. The names are this program's own.
    pub fn new(encoding: EcpBody, fields: &[(&'static str, &str)]) -> Self {
        match encoding {
            EcpBody::Urlencoded => Self {
                content_type: HeaderValue::from_static("application/x-www-form-urlencoded"),
                body: Serializer::new(String::new())
                    .extend_pairs(fields)
                    .finish()
                    .into_bytes(),
            },
            EcpBody::Multipart => multipart(fields, boundary),
        }
    }
}

fn boundary() -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(BOUNDARY)
        .collect()
}

/// RFC 7578: a part for each field, between boundaries that occur in none of the values.
fn multipart(fields: &[(&'static str, &str)], mut boundary: impl FnMut() -> String) -> Form {
    let mut mark = boundary();
    while fields.iter().any(|(_, value)| value.contains(&mark)) {
        mark = boundary();
    }
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!(
            "--{mark}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str(&format!("--{mark}--\r\n"));
    let content_type = format!("multipart/form-data; boundary={mark}");
    Form {
        // Letters and digits alone: always a header.
        content_type: HeaderValue::from_str(&content_type)
            .unwrap_or(HeaderValue::from_static("multipart/form-data")),
        body: body.into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_multipart_body_has_one_part_for_each_field_and_an_end() {
        let form = multipart(&[("action", "start"), ("name", "web 1")], || "x".repeat(4));
        assert_eq!(
            form.content_type.to_str().unwrap(),
            "multipart/form-data; boundary=xxxx"
        );
        assert_eq!(
            String::from_utf8(form.body).unwrap(),
            "--xxxx\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nstart\r\n\
             --xxxx\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nweb 1\r\n--xxxx--\r\n"
        );
    }

    #[test]
    fn a_boundary_that_occurs_in_a_value_is_not_taken() {
        let mut boundaries = ["aaaa", "bbbb"].into_iter().map(str::to_owned);
        let form = multipart(&[("password", "my--aaaa--")], || boundaries.next().unwrap());
        assert!(form.body.starts_with(b"--bbbb\r\n"));
    }

    #[test]
    fn boundaries_are_drawn_anew_for_each_body() {
        let one = Form::new(EcpBody::Multipart, &[("action", "stop")]);
        let other = Form::new(EcpBody::Multipart, &[("action", "stop")]);
        assert_ne!(one.content_type, other.content_type);
    }

    #[test]
    fn an_urlencoded_body_is_escaped() {
        let form = Form::new(
            EcpBody::Urlencoded,
            &[("user_name", "a&b"), ("password", "x =ä")],
        );
        assert_eq!(form.content_type, "application/x-www-form-urlencoded");
        assert_eq!(form.body, b"user_name=a%26b&password=x+%3D%C3%A4");
    }
}
