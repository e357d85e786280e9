-- What the trial customs office remembers. A message, its judgement and its planned receipts are one transaction.
CREATE TABLE IF NOT EXISTS seen (
    name TEXT NOT NULL, inode INTEGER NOT NULL, mtime INTEGER NOT NULL,
    PRIMARY KEY (name, inode, mtime)
) WITHOUT ROWID;

-- `believed` messages passed schema and signature: only they can claim a message id.
CREATE TABLE IF NOT EXISTS message (
    message_id TEXT NOT NULL, digest TEXT NOT NULL, type TEXT NOT NULL, believed INTEGER NOT NULL,
    file TEXT NOT NULL, received TEXT NOT NULL,
    PRIMARY KEY (message_id, digest)
) WITHOUT ROWID;

-- How often a message came, known or not; `digest` is of its signed bytes, out of envelopes and decrypted.
CREATE TABLE IF NOT EXISTS arrival (
    message_id TEXT NOT NULL, digest TEXT NOT NULL, door TEXT NOT NULL,
    number TEXT NOT NULL, client_number TEXT NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (message_id, digest, door)
) WITHOUT ROWID;

-- `content` is what is in force; `parent` is what an approved application was made against.
CREATE TABLE IF NOT EXISTS document (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, enterprise TEXT NOT NULL, office TEXT NOT NULL,
    nature TEXT NOT NULL, ie_flag TEXT NOT NULL, month TEXT NOT NULL,
    client_number TEXT NOT NULL, unified_number TEXT NOT NULL, customs_number TEXT NOT NULL,
    valid_until TEXT NOT NULL, state TEXT NOT NULL, parent INTEGER REFERENCES document, content TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS document_by_client ON document (enterprise, kind, client_number);
CREATE INDEX IF NOT EXISTS document_by_unified ON document (unified_number);
CREATE INDEX IF NOT EXISTS document_by_customs ON document (customs_number);
CREATE INDEX IF NOT EXISTS document_by_period ON document (enterprise, kind, office, ie_flag, month);
CREATE INDEX IF NOT EXISTS document_by_parent ON document (parent, state) WHERE parent IS NOT NULL;

CREATE TABLE IF NOT EXISTS amount (
    document INTEGER NOT NULL REFERENCES document, currency TEXT NOT NULL, total TEXT NOT NULL,
    PRIMARY KEY (document, currency)
) WITHOUT ROWID;

-- What manifests hold under licences, in every unit that their items tell.
CREATE TABLE IF NOT EXISTS claim (
    licence TEXT NOT NULL, code TEXT NOT NULL, unit TEXT NOT NULL,
    document INTEGER NOT NULL REFERENCES document, quantity TEXT NOT NULL,
    PRIMARY KEY (licence, code, unit, document)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS claim_by_document ON claim (document);

-- Account books, cargo manifests and licences as they were last sent out; `label` is what people call them by.
CREATE TABLE IF NOT EXISTS reference (
    kind TEXT NOT NULL, key TEXT NOT NULL, label TEXT NOT NULL, updated TEXT NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reference_by_label ON reference (kind, label);

-- What is out of order, until which second of the system.
CREATE TABLE IF NOT EXISTS outage (kind TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;

-- stage: held -> planned, when somebody asks for it
--        planned -> written (the temporary file is on disk, the effect is in force) -> done
--        planned -> half -> done for receipts that are written in place
-- It leaves through the door through which its message came.
CREATE TABLE IF NOT EXISTS receipt (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL, file TEXT NOT NULL, data BLOB NOT NULL,
    summary TEXT NOT NULL, due REAL NOT NULL, delivery TEXT NOT NULL, stage TEXT NOT NULL,
    document INTEGER REFERENCES document, effect TEXT, door TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS receipt_open ON receipt (stage, due) WHERE stage <> 'done';

CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
