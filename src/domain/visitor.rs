//! Where a request comes from, for counting what comes from one place.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// The proxies that are believed when they say for whom they ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpAddr>);

/// What is no list of addresses.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("write the addresses of your proxies, such as 127.0.0.1 or 10.0.0.2, 10.0.0.3")]
pub struct NoAddresses;

impl FromStr for Proxies {
    type Err = NoAddresses;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = text.split(',').map(str::trim).filter(|address| !address.is_empty());
        let read = |address: &str| address.parse().map(|address: IpAddr| address.to_canonical());
        named.map(read).collect::<Result<_, _>>().map(Self).map_err(|_| NoAddresses)
    }
}

/// A place that requests come from: an address, or the network of 64 bits that one household or machine has of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Visitor(IpAddr);

impl fmt::Display for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Visitor {
    /// Whoever has an address.
    pub fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
            address => Self(address),
        }
    }
}

impl Proxies {
    /// Whether an address is one of theirs.
    pub fn has(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Who asks: the one that is connected, or whom the proxies name. `forwarded` are the values of `X-Forwarded-For`. Each
    /// proxy writes whom it saw behind what it was told, so the last that is no proxy of ours is the one; what stands before
    /// it anybody may have written.
    pub fn visitor<'a>(
        &self,
        connected: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a str>,
    ) -> Visitor {
        let mut seen = connected;
        for told in forwarded.rev().flat_map(|value| value.rsplit(',')) {
            if !self.has(seen) {
                break;
            }
            let Ok(address) = told.trim().parse() else { break };
            seen = address;
        }
        Visitor::at(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(proxies: &str, connected: &str, forwarded: &[&str]) -> String {
        let proxies: Proxies = proxies.parse().unwrap();
        proxies.visitor(connected.parse().unwrap(), forwarded.iter().copied()).to_string()
    }

    #[test]
    fn only_a_proxy_that_is_named_is_believed() {
        assert_eq!(visitor("", "192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(visitor("", "127.0.0.1", &["198.51.100.1"]), "127.0.0.1");
        assert_eq!(visitor("127.0.0.1", "192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(visitor("127.0.0.1", "127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(visitor("127.0.0.1", "::ffff:127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn what_the_visitor_wrote_before_the_proxies_wrote_is_not_read() {
        assert_eq!(visitor("10.0.0.1", "10.0.0.1", &["203.0.113.7, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(visitor("10.0.0.1", "10.0.0.1", &["203.0.113.7", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(
            visitor("10.0.0.1, 10.0.0.2", "10.0.0.1", &["203.0.113.7, 198.51.100.1, 10.0.0.2"]),
            "198.51.100.1"
        );
        for odd in ["", "unknown", "198.51.100.1, made up", ","] {
            assert_eq!(visitor("10.0.0.1", "10.0.0.1", &[odd]), "10.0.0.1", "{odd:?}");
        }
        assert_eq!(visitor("10.0.0.1", "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn a_network_of_ipv6_is_one_visitor() {
        assert_eq!(visitor("", "2001:db8:1:2:3:4:5:6", &[]), "2001:db8:1:2::");
        assert_eq!(
            Visitor::at("2001:db8:1:2::1".parse().unwrap()),
            Visitor::at("2001:db8:1:2:ffff::".parse().unwrap())
        );
        assert_ne!(
            Visitor::at("2001:db8:1:2::1".parse().unwrap()),
            Visitor::at("2001:db8:1:3::1".parse().unwrap())
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["proxy.example", "10.0.0.0/8", "127.0.0.1 10.0.0.1"] {
            assert_eq!(text.parse::<Proxies>(), Err(NoAddresses), "{text}");
        }
    }
}
