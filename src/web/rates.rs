//! How often one may change something: each person, and each address that strangers come from. Reading is not counted.

use std::net::IpAddr;

use actix_web::HttpRequest;

use super::WebError;
use crate::domain::ids::UserId;
use crate::routes::{Rate, seconds};

/// As often as a key by default: far more than anybody clicks, far less than a program that tries all there is.
const PER_MINUTE: u32 = 600;

/// The counters of this process.
pub struct Rates {
    people: Rate<UserId>,
    addresses: Rate<IpAddr>,
}

impl Default for Rates {
    fn default() -> Self {
        Self { people: Rate::of(PER_MINUTE), addresses: Rate::of(PER_MINUTE) }
    }
}

impl Rates {
    /// Counts a form of somebody who is signed in.
    ///
    /// # Errors
    /// [`WebError::TooMany`].
    pub fn count_person(&self, person: UserId) -> Result<(), WebError> {
        self.people.count(&person).map_err(|wait| too_many(seconds(wait)))
    }

    /// Counts a form of somebody who is not.
    ///
    /// # Errors
    /// [`WebError::TooMany`].
    pub fn count_stranger(&self, request: &HttpRequest) -> Result<(), WebError> {
        let Some(peer) = request.peer_addr() else { return Ok(()) };
        self.addresses.count(&network(peer.ip())).map_err(|wait| too_many(seconds(wait)))
    }
}

fn too_many(seconds: u64) -> WebError {
    WebError::TooMany { sentence: format!("Too much at once. Wait {seconds} s, then try again."), seconds }
}

/// Whoever has one address of IPv6 has all of its network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn the_addresses_of_one_network_are_counted_together() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
    }
}
