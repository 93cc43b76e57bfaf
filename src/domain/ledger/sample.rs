//! A believable ledger to look around in: the same for the same day, every address on `.example`.

use std::fmt::Write;

use chrono::{Days, NaiveDate};

/// How many invoices the sample has.
const INVOICES: u64 = 300;
/// How many days ago the first one was issued.
const OLDEST_DAYS: u64 = 330;

/// Name, host, currency and payment terms; without a host there is no e-mail address.
type Company = (&'static str, Option<&'static str>, &'static str, u64);

/// The sample ledger in Dunlin's own CSV, as of a day.
pub fn sample_ledger(today: NaiveDate) -> String {
    let mut csv = String::from(
        "customer_id,customer_name,customer_email,invoice_number,currency,total,balance,issue_date,due_date,status,archived,pay_url\n",
    );
    let mut chance = Chance(0x6475_6e6c_696e);
    for index in 0..INVOICES {
        // Half of the customers get most of the invoices, as in life.
        let among =
            if chance.in_hundred() < 60 { COMPANIES.len() as u64 / 2 } else { COMPANIES.len() as u64 };
        let customer = chance.below(among) as usize;
        if let Some(company) = COMPANIES.get(customer) {
            write_invoice(&mut csv, index, customer, company, today, &mut chance);
        }
    }
    csv
}

fn write_invoice(
    csv: &mut String,
    index: u64,
    customer: usize,
    (name, host, currency, terms): &Company,
    today: NaiveDate,
    chance: &mut Chance,
) {
    // More and more invoices as the business grew: the distance from today shrinks with the square.
    let left = INVOICES - index;
    let days_ago = OLDEST_DAYS * left * left / (INVOICES * INVOICES);
    let issued = today.checked_sub_days(Days::new(days_ago)).unwrap_or(today);
    let due = issued.checked_add_days(Days::new(*terms)).unwrap_or(issued);
    let total = 4_000 + chance.below(300) * chance.below(300) * 10 + chance.below(100);
    let (status, balance) = fate(index, (today - due).num_days(), total, chance);
    let is_archived = days_ago > 250 && index.is_multiple_of(5);
    let cell = |text: &str| match text.contains(',') {
        true => format!("\"{text}\""),
        false => text.to_owned(),
    };
    let email = host.map(|host| format!("accounts@{host}.example")).unwrap_or_default();
    let number = format!("INV-{:05}", index + 1);
    let amount = |minor: u64| format!("{}.{:02}", minor / 100, minor % 100);
    // Writing to a String cannot fail.
    let _ = writeln!(
        csv,
        "C-{:03},{},{email},{number},{currency},{},{},{issued},{due},{status},{is_archived},https://pay.dunlin.example/{number}",
        customer + 101,
        cell(name),
        amount(total),
        amount(balance),
    );
}

/// How an invoice fared, by how long it has been due: status and what is still owed.
fn fate(index: u64, days_overdue: i64, total: u64, chance: &mut Chance) -> (&'static str, u64) {
    let roll = chance.in_hundred();
    let part = total / 100 * (20 + chance.below(60));
    match days_overdue {
        121.. => match roll {
            0..4 => ("Void", 0),
            4..8 => ("Credited", 0),
            _ => ("Paid", 0),
        },
        1..=120 => match roll {
            0..44 => ("Paid", 0),
            44..54 => ("PartiallyPaid", part),
            _ => ("Sent", total),
        },
        _ if INVOICES - index < 40 && index.is_multiple_of(4) => ("Draft", total),
        _ => match roll {
            0..35 => ("Paid", 0),
            35..42 => ("PartiallyPaid", part),
            _ => ("Sent", total),
        },
    }
}

/// A small generator of numbers that look random and are the same in every run (Knuth's MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn in_hundred(&mut self) -> u64 {
        self.below(100)
    }
}

const COMPANIES: [Company; 60] = [
    ("Harbour Lights Catering", Some("harbourlights"), "EUR", 30),
    ("Nordwind Logistik GmbH", Some("nordwind-logistik"), "EUR", 30),
    ("Bäckerei Sonnenschein", Some("baeckerei-sonnenschein"), "EUR", 14),
    ("Atelier Fontaine SARL", Some("atelier-fontaine"), "EUR", 30),
    ("Whitfield, Moss & Partners", Some("whitfieldmoss"), "GBP", 30),
    ("Costa Verde Imports SL", Some("costaverde"), "EUR", 45),
    ("Lindqvist Interiors AB", Some("lindqvist"), "EUR", 30),
    ("Redwood Analytics Inc.", Some("redwood-analytics"), "USD", 30),
    ("Papeterie du Marché", Some("papeterie-marche"), "EUR", 30),
    ("Ostrava Machine Works", Some("ostravaworks"), "EUR", 45),
    ("Klein & Vogel Architekten", Some("kleinvogel"), "EUR", 30),
    ("Blue Heron Publishing", Some("blueheron"), "USD", 30),
    ("De Groene Molen BV", Some("groenemolen"), "EUR", 14),
    ("Alpenblick Hotels AG", Some("alpenblick"), "EUR", 30),
    ("Murphy's Garden Centre", Some("murphysgarden"), "EUR", 30),
    ("Taverna Delfini", None, "EUR", 14),
    ("Silver Birch Clinics", Some("silverbirch"), "GBP", 30),
    ("Vasconia Wind Energy", Some("vasconia"), "EUR", 45),
    ("Porto Azul Shipping Lda", Some("portoazul"), "EUR", 30),
    ("Hanneman Bros. Tools", Some("hanneman"), "USD", 30),
    ("Fjordfisk AS", Some("fjordfisk"), "EUR", 30),
    ("Studio Kaleidoskop", Some("kaleidoskop"), "EUR", 14),
    ("Brasserie Le Phare", Some("lephare"), "EUR", 14),
    ("Weaver & Daughters", Some("weaveranddaughters"), "GBP", 30),
    ("Zentrum Apotheke Graz", Some("zentrum-apotheke"), "EUR", 30),
    ("Campo Largo Vineyards", Some("campolargo"), "EUR", 45),
    ("Tallinn Software Guild OÜ", Some("tallinnguild"), "EUR", 14),
    ("Prairie Rail Services", Some("prairierail"), "USD", 45),
    ("Officina Bianchi Srl", Some("officinabianchi"), "EUR", 30),
    ("Maple Street Dental", Some("maplestreetdental"), "USD", 30),
    ("Krügers Blumenhaus", Some("kruegers"), "EUR", 14),
    ("Les Jardins d'Amélie", Some("jardins-amelie"), "EUR", 30),
    ("Thornbury School Trust", Some("thornbury"), "GBP", 30),
    ("Balaton Sailing Club", None, "EUR", 30),
    ("Möbelhaus Anders", Some("moebelhaus-anders"), "EUR", 30),
    ("Orchard Lane Veterinary", Some("orchardlane"), "EUR", 30),
    ("Aurora Print & Sign", Some("auroraprint"), "EUR", 30),
    ("Serra Nova Ceramics", Some("serranova"), "EUR", 45),
    ("Wexford Dairy Co-operative", Some("wexforddairy"), "EUR", 30),
    ("Copenhagen Bike Works ApS", Some("cphbikes"), "EUR", 14),
    ("Golden Gate Freight LLC", Some("ggfreight"), "USD", 30),
    ("Librairie Saint-Michel", Some("librairie-stmichel"), "EUR", 30),
    ("Van den Berg Elektro", Some("vandenberg-elektro"), "EUR", 30),
    ("Rhein-Main Event Service", Some("rheinmain-events"), "EUR", 14),
    ("Highland Wool Mill", Some("highlandwool"), "GBP", 30),
    ("Caffè Torino", Some("caffetorino"), "EUR", 14),
    ("Polaris Cleanrooms Oy", Some("polaris"), "EUR", 45),
    ("Sunny Side Kindergarten", Some("sunnyside"), "EUR", 30),
    ("Montblanc Sports Medicine", Some("montblanc-sports"), "EUR", 30),
    ("Delta Dredging NV", Some("deltadredging"), "EUR", 45),
    ("Cedar Point Theatre", Some("cedarpoint"), "USD", 30),
    ("Tischlerei Hofmann", Some("tischlerei-hofmann"), "EUR", 14),
    ("Isla Serena Resorts", Some("islaserena"), "EUR", 30),
    ("Northgate Legal LLP", Some("northgatelegal"), "GBP", 30),
    ("Pierogarnia Babcia", None, "EUR", 14),
    ("Quantum Optics Lab", Some("quantumoptics"), "EUR", 45),
    ("Riverside Music School", Some("riversidemusic"), "EUR", 30),
    ("Schuster Orthopädie", Some("schuster"), "EUR", 30),
    ("Ridgeline Outfitters", Some("ridgeline"), "USD", 30),
    ("Villa Rossa Estates", Some("villarossa"), "EUR", 30),
];
