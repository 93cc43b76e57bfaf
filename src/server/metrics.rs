//! `GET /metrics`: what a monitoring system needs to know, in Prometheus' text format. Numbers only: no names, no addresses,
//! so nobody has to sign in.
//!
//! The format is written by hand: every value but one is read from the database when it is asked for, and every label is a
//! word of the program, which needs no escaping. A registry of metrics would hold nothing and hide that.

use std::fmt::{Display, Write};

use actix_web::rt::time::timeout;
use actix_web::{HttpResponse, web};

use super::{WATCHED, unready};
use crate::web::{WebError, WebState};

/// The version of the text format that this is.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /metrics`
pub(super) async fn show(state: web::Data<WebState>) -> HttpResponse {
    let asked = state.reader.read::<_, WebError>(|snapshot| {
        Ok((
            snapshot.open_mails()?,
            snapshot.oldest_due_mail()?,
            snapshot.is_relay_down()?,
            snapshot.pause()?.is_some(),
            snapshot.paused_organisations()?.len(),
        ))
    });
    let Ok(Ok((counts, oldest, is_down, is_paused, paused))) = timeout(WATCHED, asked).await else {
        return unready();
    };
    let now = state.actions.clock().now();
    let late = oldest.map_or(0, |due_at| (now - due_at).num_seconds().max(0));
    let mails = counts.into_iter().map(|(state, number)| (state.as_str().to_lowercase(), number));
    let mut text = Exposition::default();
    text.family("dunlin_build_info", "gauge", "The version that answers.")
        .value("version", env!("CARGO_PKG_VERSION"), 1)
        .family(
            "dunlin_mails",
            "gauge",
            "Mails on their way or waiting for a decision, by state; those that have ended are not counted.",
        )
        .values("state", mails)
        .family(
            "dunlin_oldest_due_mail_age_seconds",
            "gauge",
            "How long the mail that has waited longest could have left; 0 when none waits. What organisations have paused does not count.",
        )
        .single(late)
        .family(
            "dunlin_mail_attempts_total",
            "counter",
            "Tries to send a mail since this process began, by outcome.",
        )
        .values("outcome", state.actions.attempts())
        .family("dunlin_mail_breaker_open", "gauge", "1 while the mail server cannot be used.")
        .single(i32::from(is_down))
        .family("dunlin_sending_paused", "gauge", "1 while all sending is paused.")
        .single(i32::from(is_paused))
        .family("dunlin_organisations_paused", "gauge", "Organisations that have paused their own sending.")
        .single(paused);
    HttpResponse::Ok().content_type(TEXT_FORMAT).body(text.written)
}

/// Families of metrics, one after the other.
#[derive(Default)]
struct Exposition {
    written: String,
    family: &'static str,
}

impl Exposition {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> &mut Self {
        self.family = name;
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"))
    }

    fn single(&mut self, value: impl Display) -> &mut Self {
        let family = self.family;
        self.line(format_args!("{family} {value}"))
    }

    fn value(&mut self, label: &str, word: impl Display, value: impl Display) -> &mut Self {
        let family = self.family;
        self.line(format_args!("{family}{{{label}=\"{word}\"}} {value}"))
    }

    fn values(
        &mut self,
        label: &str,
        values: impl IntoIterator<Item = (impl Display, impl Display)>,
    ) -> &mut Self {
        values.into_iter().for_each(|(word, value)| {
            self.value(label, word, value);
        });
        self
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) -> &mut Self {
        // Writing to a String does not fail.
        writeln!(self.written, "{line}").ok();
        self
    }
}
