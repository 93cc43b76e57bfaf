//! The tables that diesel's query language is used on; the migrations are their source.

diesel::table! {
    organisation (id) {
        id -> Text,
        name -> Text,
        time_zone -> Text,
        currency -> Text,
        payment_terms_days -> Integer,
        from_email -> Nullable<Text>,
        reply_to -> Nullable<Text>,
        created_at -> Timestamp,
        sender_name -> Nullable<Text>,
        colour -> Nullable<Text>,
        logo_id -> Nullable<Text>,
        footer -> Nullable<Text>,
        letterhead_id -> Nullable<Text>,
        language -> Text,
    }
}

diesel::table! {
    outbox (id) {
        id -> Text,
        kind -> Text,
        organisation_id -> Text,
        invoice_id -> Nullable<Text>,
        customer_id -> Nullable<Text>,
        batch_id -> Nullable<Text>,
        channel -> Nullable<Text>,
        actor -> Text,
        stage -> Nullable<Text>,
        template_version_id -> Nullable<Text>,
        resend_of -> Nullable<Text>,
        from_name -> Text,
        from_email -> Text,
        reply_to -> Nullable<Text>,
        state -> Text,
        phase -> Text,
        recipient_name -> Nullable<Text>,
        recipient -> Nullable<Text>,
        message_id -> Text,
        scheduled_at -> Timestamp,
        not_before -> Timestamp,
        expires_at -> Timestamp,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        committed_at -> Nullable<Timestamp>,
        sent_at -> Nullable<Timestamp>,
        cancelled_at -> Nullable<Timestamp>,
        reason -> Nullable<Text>,
        reply -> Nullable<Text>,
        attempts -> Integer,
        claim_token -> Nullable<Text>,
        letterhead_id -> Nullable<Text>,
    }
}

diesel::table! {
    batch_left_out (batch_id, invoice_id) {
        batch_id -> Text,
        invoice_id -> Text,
        reason -> Text,
        reminder_id -> Nullable<Text>,
    }
}

diesel::table! {
    reminder_slot (invoice_id) {
        invoice_id -> Text,
        reminder_id -> Text,
    }
}
