-- Who was left out for want of an address is offered its mail when there is one.
CREATE INDEX left_out_for_no_email ON batch_left_out (invoice_id) WHERE reason = 'no_email';
