//! Inputs made from inputs.

use crate::chance::Chance;

/// Inputs are not larger than this: size is another test's matter.
const LARGEST: usize = 64 * 1024;

/// What inputs are made of.
pub struct Mutation {
    /// Good ones, and those that led somewhere.
    pub kept: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
}

/// Words of every language: what readers stumble over.
const ODD: [&[u8]; 24] = [
    b"\0",
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n.\r\n",
    b"\t",
    b" ",
    b"\"",
    b"\"\"",
    b"'",
    b"\\",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xf0\x9f\xa7\xbe",
    b"\xc3",
    b"\xe2\x80\xae",
    b"\xe2\x80\x8b",
    b"\xed\xa0\x80",
    b"\x1b[31m",
    b"-1",
    b"NaN",
    b"1e309",
    b"9223372036854775808",
    b"18446744073709551616",
];

impl Mutation {
    pub fn new<'a>(good: &[&str], words: impl IntoIterator<Item = &'a str>) -> Self {
        let words = words.into_iter().map(|word| word.as_bytes().to_vec());
        Self {
            kept: good.iter().map(|input| input.as_bytes().to_vec()).collect(),
            words: words.chain(ODD.iter().map(|word| word.to_vec())).collect(),
        }
    }

    /// A new input.
    pub fn next(&mut self, chance: &mut Chance) -> Vec<u8> {
        let mut input = self.any(chance).clone();
        for _ in 0..=chance.below(6) {
            self.change(&mut input, chance);
        }
        input.truncate(LARGEST);
        input
    }

    fn any(&self, chance: &mut Chance) -> &Vec<u8> {
        &self.kept[chance.below(self.kept.len())]
    }

    fn change(&self, input: &mut Vec<u8>, chance: &mut Chance) {
        let (a, b) = (chance.below(input.len() + 1), chance.below(input.len() + 1));
        let (from, to) = (a.min(b), a.max(b));
        let near = to.min(from + 1 + chance.below(16));
        match chance.below(10) {
            0 | 1 => drop(input.splice(from..from, self.word(chance))),
            2 | 3 => drop(input.splice(from..near, self.word(chance))),
            4 => drop(input.drain(from..near)),
            5 => drop(input.drain(from..to)),
            6 => {
                let piece = input[from..near].to_vec();
                input.splice(from..from, piece.repeat(1 + chance.below(40)));
            }
            7 => {
                let other = self.any(chance);
                let at = chance.below(other.len() + 1);
                input.splice(from.., other[at..].iter().copied());
            }
            8 => {
                let word = self.word(chance);
                input.splice(from..from, word.repeat(1 + chance.below(300)));
            }
            _ => {
                if let Some(byte) = input.get_mut(from) {
                    *byte = chance.below(256) as u8;
                }
            }
        }
    }

    fn word(&self, chance: &mut Chance) -> Vec<u8> {
        self.words[chance.below(self.words.len())].clone()
    }
}
