-- Whose request a hold was, should it be abandoned.

ALTER TABLE switchtower_holds
    ADD COLUMN "user" text,
    ADD COLUMN tag text;
