//! The tokens that were given out.

use std::collections::{HashMap, VecDeque};

/// How many tokens are remembered; the oldest go first.
const KEPT: usize = 65_536;

/// A token.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub user: usize,
    /// `None` for a token of no project.
    pub project: Option<usize>,
    /// Milliseconds.
    pub issued_ms: i64,
    /// Milliseconds.
    pub ends_ms: i64,
    pub methods: Vec<String>,
    /// The application credential that it was had for.
    pub credential: Option<usize>,
    pub audit: String,
}

/// All of them, by their text.
#[derive(Default)]
pub(super) struct Tokens {
    known: HashMap<String, Token>,
    order: VecDeque<String>,
    random: fastrand::Rng,
}

impl Tokens {
    /// Text that nobody can guess.
    pub fn text(&mut self, length: usize) -> String {
        (0..length).map(|_| self.random.alphanumeric()).collect()
    }

    /// Keeps a token, and says what it is called.
    pub fn give(&mut self, token: Token) -> String {
        if self.order.len() == KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        let text = format!("gAAAAA{}", self.text(178));
        self.known.insert(text.clone(), token);
        self.order.push_back(text.clone());
        text
    }

    /// A token while it lives.
    pub fn find(&self, text: &str, now_ms: i64) -> Option<&Token> {
        self.known.get(text).filter(|token| now_ms < token.ends_ms)
    }

    /// Ends a token before its time.
    pub fn revoke(&mut self, text: &str) {
        self.known.remove(text);
        self.order.retain(|known| known != text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_is_bounded_and_a_token_ends() {
        let token = Token {
            user: 0,
            project: None,
            issued_ms: 0,
            ends_ms: 1_000,
            methods: Vec::new(),
            credential: None,
            audit: String::new(),
        };
        let mut tokens = Tokens::default();
        let first = tokens.give(token.clone());
        assert!(tokens.find(&first, 999).is_some());
        assert!(tokens.find(&first, 1_000).is_none());
        for _ in 0..KEPT {
            tokens.give(token.clone());
        }
        assert_eq!(tokens.known.len(), KEPT);
        assert!(tokens.find(&first, 0).is_none(), "the oldest went");
    }
}
