//! The texts in Spanish.

use crate::domain::stage::Stage;

/// Subject and message of a stage, or of the default text.
pub(super) fn text(stage: Option<Stage>) -> (&'static str, &'static str) {
    match stage {
        None => (
            "{% if invoice.is_overdue %}Recordatorio de pago: factura {{ invoice.number }}{% else %}Factura {{ invoice.number }}, con vencimiento el {{ invoice.due_on }}{% endif %}",
            "A la atención de {{ customer.name }}:\n\n\
            {% if invoice.is_overdue %}Según nuestros registros, la factura **{{ invoice.number }}** venció el {{ invoice.due_on }} y queda pendiente de pago un importe de **{{ invoice.balance }}**.{% else %}Le recordamos que la factura **{{ invoice.number }}**, con un importe pendiente de **{{ invoice.balance }}**, vence el {{ invoice.due_on }}.{% endif %}\n\
            {% if invoice.is_part_paid %}Le agradecemos el pago parcial que ya ha realizado.{% endif %}\n\n\
            {% if invoice.is_overdue %}Le rogamos que lo abone en los próximos días o que nos comunique si algo se lo impide. Si ya ha efectuado el pago, le damos las gracias y le pedimos que no tenga en cuenta este mensaje.{% else %}Si ya ha tramitado el pago, muchas gracias: no tiene que hacer nada más.{% endif %}\n\n\
            Un cordial saludo,\n{{ organisation.name }}\n",
        ),
        Some(Stage::OneWeekBefore) => (
            "La factura {{ invoice.number }} vence el {{ invoice.due_on }}",
            "A la atención de {{ customer.name }}:\n\n\
            Le escribimos con antelación para recordarle que la factura **{{ invoice.number }}**, con un importe pendiente de **{{ invoice.balance }}**, vence el {{ invoice.due_on }}.\n\n\
            Si el pago ya está en camino, muchas gracias: no tiene que hacer nada más.\n\n\
            Un cordial saludo,\n{{ organisation.name }}\n",
        ),
        Some(Stage::TwoDaysBefore) => (
            "La factura {{ invoice.number }} vence próximamente",
            "A la atención de {{ customer.name }}:\n\n\
            La factura **{{ invoice.number }}**, con un importe pendiente de **{{ invoice.balance }}**, vence el {{ invoice.due_on }}.\n\n\
            Si ya ha tramitado el pago, muchas gracias. Si tiene alguna pregunta sobre la factura, basta con que responda a este correo.\n\n\
            Un cordial saludo,\n{{ organisation.name }}\n",
        ),
        Some(Stage::OnDueDate) => (
            "La factura {{ invoice.number }} vence hoy",
            "A la atención de {{ customer.name }}:\n\n\
            La factura **{{ invoice.number }}**, con un importe pendiente de **{{ invoice.balance }}**, vence hoy, {{ invoice.due_on }}.\n\n\
            Si ya la ha pagado, le damos las gracias y le pedimos que no tenga en cuenta este mensaje.\n\n\
            Un cordial saludo,\n{{ organisation.name }}\n",
        ),
        Some(Stage::TwoDaysAfter) => (
            "Recordatorio de pago: factura {{ invoice.number }}",
            "A la atención de {{ customer.name }}:\n\n\
            La factura **{{ invoice.number }}** venció el {{ invoice.due_on }} y queda pendiente de pago un importe de **{{ invoice.balance }}**.\n\n\
            Quizá la haya pasado por alto. Le rogamos que abone el importe en los próximos días o que nos indique cuándo podemos contar con el pago. Si ya la ha pagado, muchas gracias.\n\n\
            Un cordial saludo,\n{{ organisation.name }}\n",
        ),
        Some(Stage::OneWeekAfter) => (
            "Le rogamos que pague la factura {{ invoice.number }}, vencida hace {{ invoice.days_overdue }} días",
            "A la atención de {{ customer.name }}:\n\n\
            La factura **{{ invoice.number }}** venció el {{ invoice.due_on }}. Transcurridos {{ invoice.days_overdue }} días desde el vencimiento, queda pendiente de pago un importe de **{{ invoice.balance }}**.\n\n\
            Le rogamos que lo abone de inmediato. Si no está conforme con la factura o no puede pagarla ahora, responda hoy mismo a este correo para que busquemos una solución juntos.\n\n\
            Atentamente,\n{{ organisation.name }}\n",
        ),
    }
}
