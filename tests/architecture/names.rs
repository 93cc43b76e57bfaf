//! Reads from Rust source which modules of ours and which crates it names, without understanding the rest.

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

/// Something that a path begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A module at the top of the crate.
    Ours(String),
    /// Another crate, or at least what looks like one.
    Crate(String),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(name) => write!(f, "crate::{name}"),
            Self::Crate(name) => f.write_str(name),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    PathSeparator,
    Sign(char),
}

use Token::{PathSeparator, Sign, Word};

/// Each name with its line, in a file whose module lies `depth` below the crate.
pub fn names_in(source: &str, depth: usize) -> Vec<(usize, Name)> {
    let tokens = tokens(source);
    let mut names = Vec::new();
    // Braces opened, and at which of them a module within the file begins.
    let mut braces = 0;
    let mut inner_modules: Vec<usize> = Vec::new();
    for at in 0..tokens.len() {
        let is_path_start = !follows(&tokens, at, &PathSeparator) || is_leading_separator(&tokens, at);
        match &tokens[at].1 {
            Sign('{') => {
                braces += 1;
                if at >= 2 && tokens[at - 2].1 == Word("mod".into()) {
                    inner_modules.push(braces);
                }
            }
            Sign('}') => {
                if inner_modules.last() == Some(&braces) {
                    inner_modules.pop();
                }
                braces -= 1;
            }
            Word(word) if is_path_start && is(&tokens, at + 1, &PathSeparator) => match word.as_str() {
                "crate" => names.extend(firsts(&tokens, at + 2)),
                "super" => {
                    let (levels, next) = up(&tokens, at);
                    if levels == depth + inner_modules.len() {
                        names.extend(firsts(&tokens, next));
                    }
                }
                "self" => {}
                _ => names.push((tokens[at].0, Name::Crate(word.clone()))),
            },
            _ => {}
        }
    }
    names
}

fn is(tokens: &[(usize, Token)], at: usize, token: &Token) -> bool {
    tokens.get(at).is_some_and(|(_, found)| found == token)
}

fn follows(tokens: &[(usize, Token)], at: usize, token: &Token) -> bool {
    at > 0 && is(tokens, at - 1, token)
}

/// `::diesel`, as opposed to `some::diesel` and `<T>::diesel`.
fn is_leading_separator(tokens: &[(usize, Token)], at: usize) -> bool {
    at < 2 || !matches!(&tokens[at - 2].1, Word(_) | Sign('>'))
}

/// How many levels a chain of `super::` goes up, and where it ends.
fn up(tokens: &[(usize, Token)], mut at: usize) -> (usize, usize) {
    let mut levels = 0;
    while is(tokens, at, &Word("super".into())) && is(tokens, at + 1, &PathSeparator) {
        levels += 1;
        at += 2;
    }
    (levels, at)
}

/// The first words of a path, or of each path of a group.
fn firsts(tokens: &[(usize, Token)], at: usize) -> Vec<(usize, Name)> {
    let named = |(line, token): &(usize, Token)| match token {
        Word(word) => Some((*line, Name::Ours(word.clone()))),
        _ => None,
    };
    if !is(tokens, at, &Sign('{')) {
        return tokens.get(at).and_then(named).into_iter().collect();
    }
    let mut found = Vec::new();
    let (mut nesting, mut begins) = (0, true);
    for token in &tokens[at..] {
        match &token.1 {
            Sign('{') => nesting += 1,
            Sign('}') => nesting -= 1,
            Sign(',') if nesting == 1 => begins = true,
            Word(_) if begins => {
                found.extend(named(token));
                begins = false;
            }
            _ => {}
        }
        if nesting == 0 {
            break;
        }
    }
    found
}

/// Words, `::` and signs with their lines; comments, texts and characters are left out.
fn tokens(source: &str) -> Vec<(usize, Token)> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = source.chars().peekable();
    while let Some(sign) = rest.next() {
        let began = line;
        match sign {
            '\n' => line += 1,
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|&c| c != '\n').is_some() {},
            '/' if rest.peek() == Some(&'*') => line += skip_comment(&mut rest),
            '"' => line += skip_text(&mut rest),
            '\'' => skip_character(&mut rest),
            ':' if rest.next_if_eq(&':').is_some() => found.push((began, PathSeparator)),
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = String::from(c);
                while let Some(next) = rest.next_if(|&c| c.is_alphanumeric() || c == '_') {
                    word.push(next);
                }
                let is_raw = ["r", "br"].contains(&word.as_str()) && matches!(rest.peek(), Some('"' | '#'));
                match is_raw.then(|| skip_raw_text(&mut rest)) {
                    Some(lines) => line += lines,
                    None => found.push((began, Word(word))),
                }
            }
            c if c.is_whitespace() => {}
            c => found.push((began, Sign(c))),
        }
    }
    found
}

/// Goes to the end of a `/* comment */`; tells how many lines that were.
fn skip_comment(rest: &mut Peekable<Chars<'_>>) -> usize {
    let (mut lines, mut nesting, mut last) = (0, 1, ' ');
    rest.next();
    for c in rest.by_ref() {
        lines += usize::from(c == '\n');
        match (last, c) {
            ('/', '*') => nesting += 1,
            ('*', '/') => nesting -= 1,
            _ => {}
        }
        if nesting == 0 {
            break;
        }
        last = c;
    }
    lines
}

fn skip_text(rest: &mut Peekable<Chars<'_>>) -> usize {
    let mut lines = 0;
    while let Some(c) = rest.next() {
        match c {
            '\n' => lines += 1,
            '\\' => lines += usize::from(rest.next() == Some('\n')),
            '"' => break,
            _ => {}
        }
    }
    lines
}

fn skip_raw_text(rest: &mut Peekable<Chars<'_>>) -> usize {
    let mut hashes = 0;
    while rest.next_if_eq(&'#').is_some() {
        hashes += 1;
    }
    if rest.next_if_eq(&'"').is_none() {
        return 0;
    }
    let mut lines = 0;
    while let Some(c) = rest.next() {
        lines += usize::from(c == '\n');
        if c == '"' && (0..hashes).all(|_| rest.next_if_eq(&'#').is_some()) {
            break;
        }
    }
    lines
}

/// `'x'` and `'\n'` are skipped; of `'a`, a lifetime, only the sign.
fn skip_character(rest: &mut Peekable<Chars<'_>>) {
    let mut ahead = rest.clone();
    match (ahead.next(), ahead.next()) {
        (Some('\\'), _) => {
            rest.next();
            rest.next();
            while rest.next().is_some_and(|c| c != '\'') {}
        }
        (Some(_), Some('\'')) => {
            rest.next();
            rest.next();
        }
        _ => {}
    }
}
