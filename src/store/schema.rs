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
    }
}
