use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::domain::invoice::{Invoice, InvoiceState};
use crate::domain::language::Language;
use crate::domain::letterhead::Letterhead;
use crate::domain::money::Money;
use crate::domain::organisation::{Organisation, Sender};
use crate::domain::text::Line;

fn organisation() -> Organisation {
    let name = "Acme Receivables".parse().unwrap();
    Organisation::new(uuid::Uuid::nil().into(), name, chrono_tz::UTC, "EUR".parse().unwrap())
}

fn sender() -> Sender {
    let (name, from) = ("Acme".parse().unwrap(), "ar@acme.example".parse().unwrap());
    Sender { name, from, reply_to: None, letterhead: None }
}

fn rendered(text: &TemplateText, customer: &str, days_overdue: i64) -> RenderedMail {
    rendered_in(Language::English, text, customer, days_overdue)
}

fn rendered_in(language: Language, text: &TemplateText, customer: &str, days_overdue: i64) -> RenderedMail {
    let today = NaiveDate::from_ymd_opt(2025, 12, 1).unwrap();
    let eur = "EUR".parse().unwrap();
    let invoice = Invoice {
        id: uuid::Uuid::nil().into(),
        organisation_id: uuid::Uuid::nil().into(),
        customer_id: uuid::Uuid::nil().into(),
        number: "INV-00042".parse().unwrap(),
        state: InvoiceState::Sent,
        total: Money::from_minor(124_000, eur),
        balance: Money::from_minor(124_000, eur),
        issued_on: today,
        due_on: today - chrono::Duration::days(days_overdue),
        archived_at: None,
        pay_url: Some("https://pay.example/INV-00042?a=1&b=2".parse().unwrap()),
    };
    let id = uuid::Uuid::nil().into();
    let letterhead = Some(Letterhead { id, language, colour: None, logo: None, footer: None });
    // As an organisation has it that has said nothing.
    let letterhead = letterhead.filter(|_| language != Language::English);
    let sender = sender();
    let (organisation, customer): (_, Line) = (organisation(), customer.parse().unwrap());
    let facts = Facts {
        invoice: &invoice,
        customer_name: &customer,
        organisation: &organisation,
        sender: &sender,
        letterhead: letterhead.as_ref(),
        today,
    };
    Template::parse(text).unwrap().render(&facts).unwrap()
}

fn message(message: &str) -> TemplateText {
    TemplateText { subject: "Invoice {{ invoice.number }}".into(), message: message.into() }
}

fn problems(text: &str) -> Vec<String> {
    Template::parse(&message(text)).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn every_built_in_text_names_customer_number_balance_and_due_day_in_both_parts() {
    for (language, balance) in [
        (Language::English, "1,240.00 EUR"),
        (Language::German, "1.240,00\u{a0}€"),
        (Language::French, "1\u{202f}240,00\u{a0}€"),
        (Language::Spanish, "1240,00\u{a0}€"),
    ] {
        for (built_in, days) in
            BuiltIn::ALL.iter().flat_map(|text| [-8, -1, 0, 2, 9].map(|days| (text, days)))
        {
            let mail = rendered_in(language, &built_in.text(language), "Northwind", days);
            for part in [&mail.text, &mail.html] {
                // Once in the text and once below it.
                for fact in ["Northwind", "INV-00042", balance, "2025"] {
                    assert!(part.matches(fact).count() >= 2, "{} {days} {fact}: {part}", built_in.slug);
                }
            }
            assert!(mail.subject.contains("INV-00042") && !mail.subject.contains('{'), "{}", mail.subject);
            assert!(mail.html.contains(&format!("<html lang=\"{language}\">")) && mail.language == language);
        }
    }
}

#[test]
fn the_words_around_the_text_are_in_the_language_of_the_letterhead() {
    for (language, text, html) in [
        (
            Language::English,
            "\n--\nInvoice: INV-00042\nCustomer: Beta\nAmount due: 1,240.00 EUR\nDue: 29 Nov 2025 (2 days overdue)\n\
             View and pay: https://pay.example/",
            ["View and pay invoice</a>", "Sent by Acme Receivables. Answers go to ar@acme.example.<"],
        ),
        (
            Language::German,
            "\n--\nRechnung: INV-00042\nKunde: Beta\nOffener Betrag: 1.240,00\u{a0}€\n\
             Fällig: 29. November 2025 (seit 2 Tagen überfällig)\nAnsehen und bezahlen: https://pay.example/",
            [
                "Rechnung ansehen und bezahlen</a>",
                "Gesendet von Acme Receivables. Antworten gehen an ar@acme.example.<",
            ],
        ),
        (
            Language::French,
            "\n--\nFacture\u{a0}: INV-00042\nClient\u{a0}: Beta\nMontant dû\u{a0}: 1\u{202f}240,00\u{a0}€\n\
             Échéance\u{a0}: 29 novembre 2025 (2 jours de retard)\nVoir et régler\u{a0}: https://pay.example/",
            [
                "Voir et régler la facture</a>",
                "Envoyé par Acme Receivables. Les réponses sont adressées à ar@acme.example.<",
            ],
        ),
        (
            Language::Spanish,
            "\n--\nFactura: INV-00042\nCliente: Beta\nImporte pendiente: 1240,00\u{a0}€\n\
             Vencimiento: 29 de noviembre de 2025 (2 días de retraso)\nVer y pagar: https://pay.example/",
            [
                "Ver y pagar la factura</a>",
                "Enviado por Acme Receivables. Las respuestas se envían a ar@acme.example.<",
            ],
        ),
    ] {
        let mail = rendered_in(language, &message("Hello"), "Beta", 2);
        assert!(mail.text.contains(text), "{}", mail.text);
        assert!(html.iter().all(|words| mail.html.contains(words)), "{}", mail.html);
    }
}

#[test]
fn an_unknown_field_is_refused_with_line_column_and_suggestion() {
    assert_eq!(
        problems("Hello\n  {{ custmer.name }},"),
        ["Message, line 2, column 3: Unknown field `custmer.name`. Did you mean `customer.name`?"]
    );
    assert_eq!(
        problems("{{ secret }}"),
        ["Message, line 1, column 1: Unknown field `secret`. Choose one from the list of fields."]
    );
}

#[test]
fn an_unknown_field_in_a_condition_is_one_problem() {
    assert_eq!(
        problems("{% if invoice.is_overdu %}late{% else %}soon{% endif %}"),
        ["Message, line 1, column 1: Unknown field `invoice.is_overdu`. Did you mean `invoice.is_overdue`?"]
    );
}

#[test]
fn problems_come_in_reading_order() {
    assert_eq!(
        problems("{% if invoice.is_overdue %}\n{{ nme }}")
            .iter()
            .map(|problem| problem.split(':').next().unwrap())
            .collect::<Vec<_>>(),
        ["Message, line 1, column 1", "Message, line 2, column 1"]
    );
}

#[test]
fn a_mail_beyond_256_kib_is_not_made() {
    let organisation = organisation();
    let sample = Sample::of(None, &organisation, NaiveDate::from_ymd_opt(2025, 12, 1).unwrap());
    let sender = sender();
    let made_of = |count| {
        let template = Template::parse(&message(&"<".repeat(count))).unwrap();
        template.render(&sample.facts(&organisation, &sender, None)).is_ok()
    };
    assert!(made_of(60_000));
    assert!(!made_of(MAX_MESSAGE_BYTES));
}

#[test]
fn what_is_not_closed_or_not_understood_is_refused() {
    for text in [
        "{{ customer.name",
        "{% if invoice.is_overdue %}late",
        "{% endif %}",
        "{% else %}",
        "{% if invoice.is_overdue %}a{% else %}b{% else %}c{% endif %}",
        "{% for x in y %}",
        "{{ customer.name | upper }}",
        "{{ }}",
        "",
        "a\u{202e}b",
    ] {
        assert!(Template::parse(&message(text)).is_err(), "{text}");
    }
    let two_lines = TemplateText { subject: "a\r\nBcc: b".into(), message: "text".into() };
    assert!(Template::parse(&two_lines).is_err());
    let empty = TemplateText { subject: " ".into(), message: "text".into() };
    assert_eq!(
        Template::parse(&empty).unwrap_err()[0].to_string(),
        "Subject, line 1, column 1: The subject is empty. Write one."
    );
}

#[test]
fn a_text_that_would_be_empty_for_some_invoices_is_refused() {
    let empty = |text: &str| {
        let problem = "The message would be empty for some invoices. Write something outside of the conditions, or in \
                       both of their branches.";
        assert_eq!(problems(text), [format!("Message, line 1, column 1: {problem}")], "{text}");
    };
    empty("{% if invoice.is_part_paid %}Thank you{% endif %}");
    empty(" {{ invoice.days_overdue }}\n{% if invoice.is_overdue %}late{% else %} {% endif %}");
    let subject = |subject: &str| TemplateText { subject: subject.into(), message: "Hello".into() };
    assert!(Template::parse(&subject("{% if invoice.is_part_paid %}P{% endif %}")).is_err());
    assert!(Template::parse(&subject("{% if invoice.is_overdue %}Late{% else %}Soon{% endif %}")).is_ok());
    assert!(
        Template::parse(&message("{% if invoice.is_overdue %}Late{% endif %} {{ invoice.number }}")).is_ok()
    );
}

#[test]
fn conditions_choose_their_branch_and_nest() {
    let text = message(
        "{% if invoice.is_overdue %}late{% if not invoice.is_part_paid %} and whole{% endif %}{% else %}in time{% endif %}.",
    );
    assert!(rendered(&text, "A", 3).text.starts_with("late and whole."));
    assert!(rendered(&text, "A", -3).text.starts_with("in time."));
}

#[test]
fn markdown_becomes_html_and_readable_text() {
    let mail = rendered(&message("**Hello**\nall\n\n- one\n- two\n\n[Pay]({{ invoice.pay_url }})"), "A", 1);
    assert!(mail.html.contains("<strong>Hello</strong><br />\nall") && mail.html.contains("<li>one</li>"));
    assert!(mail.html.contains("href=\"https://pay.example/INV-00042?a=1&amp;b=2\""), "{}", mail.html);
    assert!(
        mail.text.starts_with("Hello\nall\n\n- one\n- two\n\nPay (https://pay.example/INV-00042?a=1&b=2)"),
        "{}",
        mail.text
    );
}

#[test]
fn neither_values_nor_raw_html_can_make_markup() {
    let probes = [
        "<script>alert(1)</script>",
        "[x](https://evil.example)",
        "<img src=x onerror=alert(1)>",
        "*a* _b_ `c`",
        "# big",
        "![x](https://evil.example/p.png)",
        "[[message]]",
    ];
    for probe in probes {
        let mail = rendered(&message("Hello {{ customer.name }}"), probe, 1);
        for tag in ["<script", "<img", "evil.example\"", "<em>", "<code>", "<h1>"] {
            assert!(!mail.html.contains(tag), "{probe}: {}", mail.html);
        }
        assert!(mail.text.starts_with(&format!("Hello {probe}")), "{}", mail.text);
    }
    let mail =
        rendered(&message("<b>raw</b> [a](javascript:alert(1)) ![i](https://x.example/i.png)"), "A", 1);
    assert!(
        mail.html.contains("&lt;b&gt;raw")
            && !mail.html.contains("javascript:")
            && !mail.html.contains("<img")
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_a_panic(subject in ".{0,60}", text in "[{}%a-z. \n]{0,120}") {
        let _ = Template::parse(&TemplateText { subject, message: text });
    }

    #[test]
    fn no_customer_name_makes_a_tag_or_a_link(name in "[ -~]{1,60}") {
        prop_assume!(name.parse::<Line>().is_ok());
        let plain = rendered(&message("Hello {{ customer.name }}"), "A", 1);
        let mail = rendered(&message("Hello {{ customer.name }}"), &name, 1);
        prop_assert_eq!(mail.html.matches('<').count(), plain.html.matches('<').count());
    }
}
