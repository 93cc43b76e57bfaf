//! Two texts line by line: what stayed, what went, what came.

/// One line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared<'a> {
    /// In both.
    Same(&'a str),
    /// Only in the former text.
    Removed(&'a str),
    /// Only in the later text.
    Added(&'a str),
}

/// More pairs of lines than this are not looked at one by one: the changed stretch is shown as a whole.
const MAX_PAIRS: usize = 1_000_000;

/// Compares two texts by their longest common sequence of lines.
pub fn compare<'a>(former: &'a str, later: &'a str) -> Vec<Compared<'a>> {
    let (former, later): (Vec<&str>, Vec<&str>) = (former.lines().collect(), later.lines().collect());
    let head = former.iter().zip(&later).take_while(|(a, b)| a == b).count();
    let (former_rest, later_rest) = (&former[head..], &later[head..]);
    let tail = former_rest.iter().rev().zip(later_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (removed, kept) = former_rest.split_at(former_rest.len() - tail);
    let added = &later_rest[..later_rest.len() - tail];

    let mut compared: Vec<Compared<'a>> = former[..head].iter().copied().map(Compared::Same).collect();
    compared.extend(changed(removed, added));
    compared.extend(kept.iter().copied().map(Compared::Same));
    compared
}

fn changed<'a>(former: &[&'a str], later: &[&'a str]) -> Vec<Compared<'a>> {
    let whole = || {
        let removed = former.iter().copied().map(Compared::Removed);
        removed.chain(later.iter().copied().map(Compared::Added)).collect()
    };
    if former.len().saturating_mul(later.len()) > MAX_PAIRS {
        return whole();
    }
    let width = later.len() + 1;
    // The length of the longest common sequence of what follows each pair of places.
    let mut common = vec![0_usize; (former.len() + 1) * width];
    for i in (0..former.len()).rev() {
        for j in (0..later.len()).rev() {
            common[i * width + j] = match former[i] == later[j] {
                true => common[(i + 1) * width + j + 1] + 1,
                false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut compared = Vec::with_capacity(former.len() + later.len());
    while i < former.len() && j < later.len() {
        if former[i] == later[j] {
            compared.push(Compared::Same(former[i]));
            (i, j) = (i + 1, j + 1);
        } else if common[(i + 1) * width + j] >= common[i * width + j + 1] {
            compared.push(Compared::Removed(former[i]));
            i += 1;
        } else {
            compared.push(Compared::Added(later[j]));
            j += 1;
        }
    }
    compared.extend(former[i..].iter().copied().map(Compared::Removed));
    compared.extend(later[j..].iter().copied().map(Compared::Added));
    compared
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Compared::{Added, Removed, Same};
    use super::*;

    #[test]
    fn lines_that_stay_stand_between_those_that_went_and_came() {
        assert_eq!(
            compare("Hello\nplease pay\nthanks\nbye", "Hello\npay now\nthanks\nsoon\nbye"),
            [
                Same("Hello"),
                Removed("please pay"),
                Added("pay now"),
                Same("thanks"),
                Added("soon"),
                Same("bye")
            ]
        );
        assert_eq!(compare("", ""), []);
        assert_eq!(compare("", "a"), [Added("a")]);
    }

    #[test]
    fn very_long_texts_are_compared_as_a_whole() {
        let long = |word: &str| (0..2_000).map(|n| format!("{word}{n}\n")).collect::<String>();
        assert_eq!(compare(&long("a"), &long("b")).len(), 4_000);
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_from_the_comparison(
            former in prop::collection::vec("[abc]", 0..12), later in prop::collection::vec("[abc]", 0..12)
        ) {
            let (former_text, later_text) = (former.join("\n"), later.join("\n"));
            let compared = compare(&former_text, &later_text);
            let side = |is_there: fn(&Compared<'_>) -> bool| -> Vec<String> {
                compared.iter().filter(|line| is_there(line)).map(|line| match line {
                    Same(text) | Removed(text) | Added(text) => (*text).to_owned(),
                }).collect()
            };
            prop_assert_eq!(side(|line| !matches!(line, Added(_))), former);
            prop_assert_eq!(side(|line| !matches!(line, Removed(_))), later);
        }
    }
}
