//! Texts of e-mails: the first line is the subject, the rest the message.

use chrono::NaiveDate;
use dunlin::domain::email::{MAX_PART_BYTES, MergeField, Sample, Template, TemplateText};
use dunlin::domain::organisation::{Organisation, Sender};

use crate::mutation::Mutation;
use crate::{Target, without_numbers};

pub struct Text {
    organisation: Organisation,
    sender: Sender,
    today: NaiveDate,
}

const GOOD: [&str; 3] = [
    "Invoice {{ invoice.number }} is overdue\nDear {{ customer.name }},\n\n{% if invoice.pay_url %}[Pay]({{ invoice.pay_url }})\n\
     {% else %}Please pay {{ invoice.balance }}.{% endif %}\n\n* one\n* two\n",
    "A\n# Heading\n\n> quote\n\n| a | b |\n|---|---|\n| **c** | `d` |\n\n![x](http://x.example/y.png) <b>bold</b>\n",
    "{% if invoice.days_overdue %}Late{% else %}Soon{% endif %}\n{% if invoice.pay_url %}{% if customer.name %}x{% endif %}{% endif %} y",
];

impl Text {
    pub fn new() -> Self {
        let (id, name) = (uuid::Uuid::nil().into(), "Acme".parse().unwrap());
        let organisation = Organisation::new(id, name, chrono_tz::UTC, "EUR".parse().unwrap());
        let sender = Sender {
            name: "Acme".parse().unwrap(),
            from: "ar@acme.example".parse().unwrap(),
            reply_to: None,
            letterhead: None,
        };
        Self { organisation, sender, today: "2025-12-01".parse().unwrap() }
    }
}

impl Target for Text {
    fn mutation(&self) -> Mutation {
        let fields = MergeField::ALL.iter().map(|field| field.name());
        let words = [
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "{{ ",
            " }}",
            "{% if ",
            "{% if not ",
            "{% else %}",
            "{% endif %}",
            "{{ nothing }}",
            "\n\n",
            "](",
            "![",
            "[",
            "<script>",
            "<!--",
            "-->",
            "javascript:",
            "**",
            "```",
            "> ",
            "1. ",
            "&#x3c;",
            "|---|",
            "\u{e000}",
            "\u{f8ff}",
            "\u{2028}",
        ];
        Mutation::new(&GOOD, fields.chain(words))
    }

    fn read(&mut self, input: &[u8]) -> String {
        let text = String::from_utf8_lossy(input);
        let (subject, message) = text.split_once('\n').unwrap_or((&text, ""));
        let template = TemplateText { subject: subject.to_owned(), message: message.to_owned() };
        let problems = match Template::parse(&template) {
            Err(problems) => problems,
            Ok(read) => {
                let sample = Sample::of(None, &self.organisation, self.today);
                let Ok(mail) = read.render(&sample.facts(&self.organisation, &self.sender, None)) else {
                    return "too long".to_owned();
                };
                assert!(mail.html.len() <= MAX_PART_BYTES && mail.text.len() <= MAX_PART_BYTES);
                assert!(
                    !mail.subject.contains(char::is_control) && !mail.subject.trim().is_empty(),
                    "{:?}",
                    mail.subject
                );
                let html = mail.html.to_ascii_lowercase();
                let tags = ["<script", "<img", "<iframe", "<object", "<svg", "=\"javascript:"];
                assert!(tags.iter().all(|tag| !html.contains(tag)), "{html}");
                let kinds: Vec<&str> =
                    html.split('<').skip(1).filter_map(|tag| tag.split(['>', ' ']).next()).collect();
                return format!("{:?}", kinds.into_iter().rev().take(8).collect::<Vec<_>>());
            }
        };
        assert!(!problems.is_empty());
        for problem in &problems {
            assert!(
                problem.line >= 1 && problem.column >= 1 && problem.line <= 1 + text.matches('\n').count()
            );
        }
        without_numbers(
            &problems.iter().take(3).map(|problem| problem.sentence.as_str()).collect::<Vec<_>>().join(" "),
        )
    }
}
