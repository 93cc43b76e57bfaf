DROP INDEX sign_in_failure_last;
