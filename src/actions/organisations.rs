//! Adding an organisation, with the texts it starts with.
