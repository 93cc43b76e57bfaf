//! Mails to mailboxes that are full for a while.

use chrono::TimeDelta;

use crate::support::{Whim, on_both_databases};

on_both_databases! {
    async fn the_day_of_a_full_mailbox_does_not_begin_anew_when_the_mail_server_is_busy_between_tries(app: TestApp) {
        app.ledger(&["INV-1, Beta, ar@beta.example, 20.00, -1, Sent"]).await;
        let clerk = app.clerk().await;
        let batch = clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        for _ in 0..6 {
            app.sink.misbehave("beta", Whim::Reply("RCPT", "452 4.2.2 over quota"));
            app.send_until_idle().await;
            app.sink.behave();
            app.clock.advance(TimeDelta::hours(5));
            for step in ["MAIL", "banner"] {
                app.sink.misbehave("", Whim::Reply(step, "421 4.7.0 too many connections"));
            }
            app.send_now().await;
            app.sink.behave();
        }
        app.clerk().await.get(&batch.url).await.says("mailbox is full").says("1 failed");
    }
}
