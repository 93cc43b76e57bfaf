DROP INDEX left_out_for_no_email;
