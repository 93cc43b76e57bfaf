//! The texts in German.

use crate::domain::stage::Stage;

/// Subject and message of a stage, or of the default text.
pub(super) fn text(stage: Option<Stage>) -> (&'static str, &'static str) {
    match stage {
        None => (
            "{% if invoice.is_overdue %}Zahlungserinnerung: Rechnung {{ invoice.number }}{% else %}Rechnung {{ invoice.number }}, fällig am {{ invoice.due_on }}{% endif %}",
            "Guten Tag {{ customer.name }},\n\n\
            {% if invoice.is_overdue %}nach unseren Unterlagen war die Rechnung **{{ invoice.number }}** am {{ invoice.due_on }} fällig. Offen ist noch ein Betrag von **{{ invoice.balance }}**.{% else %}wir möchten Sie daran erinnern, dass die Rechnung **{{ invoice.number }}** über **{{ invoice.balance }}** am {{ invoice.due_on }} fällig ist.{% endif %}\n\
            {% if invoice.is_part_paid %}Vielen Dank für die bereits geleistete Teilzahlung.{% endif %}\n\n\
            {% if invoice.is_overdue %}Bitte überweisen Sie den Betrag in den nächsten Tagen, oder teilen Sie uns mit, was der Zahlung entgegensteht. Haben Sie inzwischen gezahlt, danken wir Ihnen und bitten Sie, diese Nachricht als gegenstandslos zu betrachten.{% else %}Haben Sie die Zahlung bereits veranlasst, danken wir Ihnen. Sie brauchen dann nichts weiter zu tun.{% endif %}\n\n\
            Mit freundlichen Grüßen\n{{ organisation.name }}\n",
        ),
        Some(Stage::OneWeekBefore) => (
            "Rechnung {{ invoice.number }} ist am {{ invoice.due_on }} fällig",
            "Guten Tag {{ customer.name }},\n\n\
            ein freundlicher Hinweis vorab: Die Rechnung **{{ invoice.number }}** über **{{ invoice.balance }}** ist am {{ invoice.due_on }} fällig.\n\n\
            Ist die Zahlung bereits unterwegs, danken wir Ihnen. Sie brauchen dann nichts weiter zu tun.\n\n\
            Mit freundlichen Grüßen\n{{ organisation.name }}\n",
        ),
        Some(Stage::TwoDaysBefore) => (
            "Rechnung {{ invoice.number }} ist in Kürze fällig",
            "Guten Tag {{ customer.name }},\n\n\
            die Rechnung **{{ invoice.number }}** über **{{ invoice.balance }}** ist am {{ invoice.due_on }} fällig.\n\n\
            Haben Sie die Zahlung bereits veranlasst, danken wir Ihnen. Bei Fragen zur Rechnung antworten Sie einfach auf diese E-Mail.\n\n\
            Mit freundlichen Grüßen\n{{ organisation.name }}\n",
        ),
        Some(Stage::OnDueDate) => (
            "Rechnung {{ invoice.number }} ist heute fällig",
            "Guten Tag {{ customer.name }},\n\n\
            die Rechnung **{{ invoice.number }}** über **{{ invoice.balance }}** ist heute, am {{ invoice.due_on }}, fällig.\n\n\
            Haben Sie bereits gezahlt, danken wir Ihnen und bitten Sie, diese Nachricht als gegenstandslos zu betrachten.\n\n\
            Mit freundlichen Grüßen\n{{ organisation.name }}\n",
        ),
        Some(Stage::TwoDaysAfter) => (
            "Zahlungserinnerung: Rechnung {{ invoice.number }}",
            "Guten Tag {{ customer.name }},\n\n\
            die Rechnung **{{ invoice.number }}** war am {{ invoice.due_on }} fällig. Offen ist noch ein Betrag von **{{ invoice.balance }}**.\n\n\
            Vielleicht ist sie Ihrer Aufmerksamkeit entgangen. Bitte überweisen Sie den Betrag in den nächsten Tagen, oder teilen Sie uns mit, wann wir mit der Zahlung rechnen können. Haben Sie bereits gezahlt, danken wir Ihnen.\n\n\
            Mit freundlichen Grüßen\n{{ organisation.name }}\n",
        ),
        Some(Stage::OneWeekAfter) => (
            "Bitte begleichen Sie Rechnung {{ invoice.number }}, seit {{ invoice.days_overdue }} Tagen überfällig",
            "Guten Tag {{ customer.name }},\n\n\
            die Rechnung **{{ invoice.number }}** ist seit dem {{ invoice.due_on }} fällig. {{ invoice.days_overdue }} Tage nach der Fälligkeit ist noch ein Betrag von **{{ invoice.balance }}** offen.\n\n\
            Bitte begleichen Sie ihn umgehend. Falls Sie die Rechnung beanstanden oder nicht sofort zahlen können, antworten Sie bitte noch heute auf diese E-Mail, damit wir gemeinsam eine Lösung finden.\n\n\
            Mit freundlichen Grüßen\n{{ organisation.name }}\n",
        ),
    }
}
