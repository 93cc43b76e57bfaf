//! Whose invoice a row is: by the ledger's own id of the customer, else by the name.

use std::collections::HashMap;

use super::finding::Finding;
use super::header::Column;
use super::row::LedgerRow;
use crate::domain::customer::Customer;
use crate::domain::email_address::EmailAddress;
use crate::domain::text::Line;

/// A customer as a file leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedCustomer {
    /// What is kept of it; `None` is a new one.
    pub stored: Option<Customer>,
    /// What the ledger's own system calls it.
    pub external_id: Option<Line>,
    /// Its name.
    pub name: Line,
    /// Who is written to.
    pub email: Option<EmailAddress>,
    named_in_row: Option<u64>,
    addressed_in_row: Option<u64>,
}

impl PlannedCustomer {
    /// Whether the file leaves it other than it is kept.
    pub fn is_changed(&self) -> bool {
        self.stored.as_ref().is_none_or(|stored| {
            stored.external_id != self.external_id || stored.name != self.name || stored.email != self.email
        })
    }

    /// What the file changes for all of a known customer's invoices, those included that it does not name.
    pub(super) fn changes(&self) -> Vec<Finding> {
        let Some(stored) = &self.stored else { return Vec::new() };
        let mut changes = Vec::new();
        if let (Some(row), true) = (self.named_in_row, stored.name != self.name) {
            let sentence = format!(
                "The customer \u{201c}{}\u{201d} is called \u{201c}{}\u{201d} from now on.",
                stored.name, self.name
            );
            changes.push(Finding::warning(row, Some(Column::CustomerName.as_str()), sentence));
        }
        if let (Some(row), Some(old), Some(new)) = (self.addressed_in_row, &stored.email, &self.email)
            && old != new
        {
            let sentence = format!(
                "The address of \u{201c}{}\u{201d} changes from {old} to {new}, for all of its invoices.",
                self.name
            );
            changes.push(Finding::warning(row, Some(Column::CustomerEmail.as_str()), sentence));
        }
        changes
    }
}

/// The customers that are kept and those that a file brings.
#[derive(Debug, Default)]
pub struct Directory {
    customers: Vec<PlannedCustomer>,
    by_external_id: HashMap<Line, usize>,
    by_name: HashMap<Line, Vec<usize>>,
}

impl Directory {
    /// The customers that are kept.
    pub fn new(stored: Vec<Customer>) -> Self {
        let mut directory = Self::default();
        for customer in stored {
            directory.add(PlannedCustomer {
                external_id: customer.external_id.clone(),
                name: customer.name.clone(),
                email: customer.email.clone(),
                stored: Some(customer),
                named_in_row: None,
                addressed_in_row: None,
            });
        }
        directory
    }

    /// The place of each row's customer in [`Directory::into_customers`], or what is wrong.
    ///
    /// Rows with an id go first: whether a name is ambiguous does not depend on the order of the rows.
    pub(super) fn assign(&mut self, rows: &[LedgerRow]) -> Vec<Result<usize, Finding>> {
        let mut assigned: Vec<Option<Result<usize, Finding>>> =
            rows.iter().map(|row| row.customer_id.as_ref().map(|id| self.by_id(id, row))).collect();
        for (row, place) in rows.iter().zip(&mut assigned) {
            place.get_or_insert_with(|| self.by_name_alone(row));
        }
        assigned.into_iter().flatten().collect()
    }

    /// The customers, in a fixed order.
    pub(super) fn into_customers(self) -> Vec<PlannedCustomer> {
        self.customers
    }

    fn by_id(&mut self, id: &Line, row: &LedgerRow) -> Result<usize, Finding> {
        if let Some(known) = self.by_external_id.get(id) {
            return self.agree(*known, row);
        }
        let without_id: Vec<usize> = self
            .named(&row.customer_name)
            .iter()
            .copied()
            .filter(|index| self.customers.get(*index).is_some_and(|customer| customer.external_id.is_none()))
            .collect();
        match without_id.as_slice() {
            [] => Ok(self.add_new(row)),
            [only] => {
                self.by_external_id.insert(id.clone(), *only);
                if let Some(customer) = self.customers.get_mut(*only) {
                    customer.external_id = Some(id.clone());
                }
                self.agree(*only, row)
            }
            _ => Err(ambiguous(row)),
        }
    }

    fn by_name_alone(&mut self, row: &LedgerRow) -> Result<usize, Finding> {
        match self.named(&row.customer_name) {
            [] => Ok(self.add_new(row)),
            [only] => self.agree(*only, row),
            _ => Err(ambiguous(row)),
        }
    }

    fn named(&self, name: &Line) -> &[usize] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    fn add_new(&mut self, row: &LedgerRow) -> usize {
        self.add(PlannedCustomer {
            stored: None,
            external_id: row.customer_id.clone(),
            name: row.customer_name.clone(),
            email: row.customer_email.clone(),
            named_in_row: Some(row.row),
            addressed_in_row: row.customer_email.as_ref().map(|_| row.row),
        })
    }

    fn add(&mut self, customer: PlannedCustomer) -> usize {
        let index = self.customers.len();
        if let Some(id) = &customer.external_id {
            self.by_external_id.insert(id.clone(), index);
        }
        self.by_name.entry(customer.name.clone()).or_default().push(index);
        self.customers.push(customer);
        index
    }

    /// Takes a row's name and address for its customer, unless an earlier row said otherwise.
    fn agree(&mut self, index: usize, row: &LedgerRow) -> Result<usize, Finding> {
        let Some(customer) = self.customers.get_mut(index) else { return Ok(index) };
        if customer.name != row.customer_name {
            if let Some(earlier) = customer.named_in_row {
                let sentence = format!(
                    "Row {earlier} calls the same customer \u{201c}{}\u{201d}. Use one name.",
                    customer.name
                );
                return Err(Finding::error(row.row, Some(Column::CustomerName.as_str()), sentence));
            }
            customer.name = row.customer_name.clone();
            self.by_name.entry(row.customer_name.clone()).or_default().push(index);
        }
        customer.named_in_row.get_or_insert(row.row);
        if let Some(email) = &row.customer_email {
            let earlier = customer.addressed_in_row.zip(customer.email.as_ref());
            if let Some((earlier, other)) = earlier.filter(|(_, other)| other.folded() != email.folded()) {
                let sentence =
                    format!("Row {earlier} gives the same customer the address {other}. Use one address.");
                return Err(Finding::error(row.row, Some(Column::CustomerEmail.as_str()), sentence));
            }
            if customer.addressed_in_row.is_none() {
                customer.email = Some(email.clone());
                customer.addressed_in_row = Some(row.row);
            }
        }
        Ok(index)
    }
}

fn ambiguous(row: &LedgerRow) -> Finding {
    let sentence = format!(
        "There are several customers named \u{201c}{}\u{201d}. Give the customer_id as well.",
        row.customer_name
    );
    Finding::error(row.row, Some(Column::CustomerName.as_str()), sentence)
}
