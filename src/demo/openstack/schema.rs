//! What a body that does not fit its schema is told, in the words of a validator written in Python.

use serde_json::Value;

use super::answer::{Answer, fault};

/// A value that does not fit; `why` is said of it.
pub(super) fn invalid(name: &str, value: &Value, why: &str) -> Box<Answer> {
    refused(name, value, &format!("{} {why}", spelled(value)))
}

/// A value without a property that it must have.
pub(super) fn lacks(name: &str, value: &Value, property: &str) -> Box<Answer> {
    refused(name, value, &format!("'{property}' is a required property"))
}

/// A value with a property that it may not have.
pub(super) fn exceeds(name: &str, value: &Value, property: &str) -> Box<Answer> {
    let words = format!("Additional properties are not allowed ('{property}' was unexpected)");
    refused(name, value, &words)
}

fn refused(name: &str, value: &Value, message: &str) -> Box<Answer> {
    let value = match value {
        Value::String(text) => text.clone(),
        other => spelled(other),
    };
    let words = format!("Invalid input for field/attribute {name}. Value: {value}. {message}");
    fault(400, words)
}

/// A value as Python spells it.
fn spelled(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("'{text}'"),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(spelled).collect();
            format!("[{}]", all.join(", "))
        }
        Value::Object(all) => {
            let all: Vec<String> = all
                .iter()
                .map(|(key, value)| format!("'{key}': {}", spelled(value)))
                .collect();
            format!("{{{}}}", all.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_spelled_as_the_validator_spells_them() {
        let value = json!({"a": [null, true, "x"], "b": 1});
        assert_eq!(spelled(&value), "{'a': [None, True, 'x'], 'b': 1}");
        let answer = lacks("resize", &json!({}), "flavorRef");
        assert_eq!(
            answer.body,
            Some(json!({"badRequest": {
                "code": 400,
                "message": "Invalid input for field/attribute resize. Value: {}. 'flavorRef' is a required property",
            }}))
        );
    }
}
