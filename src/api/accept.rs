//! What a caller takes for an answer (RFC 9110, 12.5.1).

/// Whether these `Accept` headers let `application/json` through. None at all, and what is not a list of media ranges,
/// lets everything through.
pub(super) fn takes_json<'a>(headers: impl Iterator<Item = &'a str>) -> bool {
    let ranges: Vec<Range> = headers.flat_map(|header| header.split(',')).filter_map(Range::read).collect();
    let best = ranges.iter().filter(|range| range.specificity > 0).max_by_key(|range| range.specificity);
    ranges.is_empty() || best.is_some_and(|range| range.is_wanted)
}

struct Range {
    /// How closely it names `application/json`; 0 where it does not.
    specificity: u8,
    is_wanted: bool,
}

impl Range {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let is = |part: &str, name: &str| part.eq_ignore_ascii_case(name);
        let specificity = match (kind, subtype) {
            ("*", "*") => 1,
            (kind, "*") if is(kind, "application") => 2,
            (kind, subtype) if is(kind, "application") && is(subtype, "json") => 3,
            _ => 0,
        };
        let weight = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            is(name.trim(), "q").then(|| value.trim().parse::<f32>().ok())?
        });
        Some(Self { specificity, is_wanted: weight.is_none_or(|weight| weight > 0.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::takes_json;

    #[test]
    fn the_closest_range_decides() {
        for (header, expected) in [
            ("", true),
            ("*/*", true),
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/*;q=0.1", true),
            ("text/html, application/xhtml+xml, */*;q=0.8", true),
            ("application/problem+json, application/json", true),
            ("nonsense", true),
            ("text/html", false),
            ("text/*", false),
            ("application/problem+json", false),
            ("application/xml", false),
            ("application/json;q=0", false),
            ("application/json; q=0.0, */*", false),
        ] {
            assert_eq!(takes_json([header].into_iter()), expected, "{header}");
        }
        assert!(takes_json([].into_iter()));
        assert!(takes_json(["text/html", "application/json"].into_iter()));
    }
}
