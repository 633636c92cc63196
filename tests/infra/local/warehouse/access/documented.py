"""What the examples of Redshift's documentation stand on: tables of its sample database, and a session."""

from infra.local.warehouse import DbUser, Redshift, SqlError

ADMIN = DbUser("admin", superuser=True)

# The sample database TICKIT: its table CATEGORY as it is, a few rows in the form of EVENT and SALES.
TICKIT = """
CREATE TABLE tickit_category_redshift (
    catid SMALLINT NOT NULL, catgroup VARCHAR(10), catname VARCHAR(10), catdesc VARCHAR(50)
);
INSERT INTO tickit_category_redshift VALUES
    (1, 'Sports', 'MLB', 'Major League Baseball'), (2, 'Sports', 'NHL', 'National Hockey League'),
    (3, 'Sports', 'NFL', 'National Football League'), (4, 'Sports', 'NBA', 'National Basketball Association'),
    (5, 'Sports', 'MLS', 'Major League Soccer'), (6, 'Shows', 'Musicals', 'Musical theatre'),
    (7, 'Shows', 'Plays', 'All non-musical theatre'), (8, 'Shows', 'Opera', 'All opera and light opera'),
    (9, 'Concerts', 'Pop', 'All rock and pop music concerts'),
    (10, 'Concerts', 'Jazz', 'All jazz singers and bands'),
    (11, 'Concerts', 'Classical', 'All symphony, concerto, and choir concerts');
CREATE TABLE tickit_event_redshift (
    eventid INTEGER NOT NULL, venueid SMALLINT, catid SMALLINT, dateid SMALLINT, eventname VARCHAR(200),
    starttime TIMESTAMP
);
INSERT INTO tickit_event_redshift VALUES
    (3835, 1, 9, 1840, 'LeAnn Rimes', '2008-01-12 15:00:00'), (3967, 2, 9, 1851, 'LeAnn Rimes', NULL),
    (4856, 3, 9, 1862, 'LeAnn Rimes', NULL), (4948, 4, 9, 1900, 'LeAnn Rimes', NULL);
CREATE TABLE tickit_sales_redshift (
    salesid INTEGER NOT NULL, listid INTEGER, sellerid INTEGER, buyerid INTEGER, eventid INTEGER,
    dateid SMALLINT, qtysold SMALLINT, pricepaid DECIMAL(8,2), commission DECIMAL(8,2), saletime TIMESTAMP
);
INSERT INTO tickit_sales_redshift VALUES
    (1, 1, 1, 2, 3835, 1840, 2, 728.00, 109.20, NULL), (2, 2, 1, 2, 3967, 1851, 4, 76.00, 11.40, NULL),
    (3, 3, 1, 2, 4856, 1862, 1, 350.00, 52.50, NULL), (4, 4, 1, 2, 4856, 1862, 8, 175.00, 26.25, NULL)
"""


class Documented:
    """A superuser's session in which an example's statements run as they are printed."""

    def __init__(self):
        self.redshift = Redshift()
        self.session = self.redshift.open_session(ADMIN)

    def run(self, text):
        """Runs the statements; each must succeed."""
        for statement in text.split(";\n"):
            if statement.strip(" \n;"):
                self.redshift.execute(statement, user=ADMIN, session=self.session)

    def rows(self, sql):
        """The rows of one query, as tuples."""
        table = self.redshift.execute(sql, user=ADMIN, session=self.session).table
        return [tuple(row.values()) for row in table.to_pylist()]

    def outcome(self, sql, *, user=ADMIN):
        """What a statement gives: rows, how many it changed, or the SQLSTATE and the message of its error."""
        session = self.session if user is ADMIN else None
        try:
            result = self.redshift.execute(sql, user=user, session=session)
        except SqlError as error:
            return error.sqlstate, error.message
        if not result.has_result_set:
            return result.affected_rows
        return [tuple(row.values()) for row in result.table.to_pylist()]

    def as_user(self, name, sql):
        """What the statement gives when the session is another user's for it."""
        self.run(f"SET SESSION AUTHORIZATION {name}")
        said = self.outcome(sql)
        self.run("RESET SESSION AUTHORIZATION")
        return said

    def refused(self, sql):
        """The SQLSTATE and the message of a statement that must fail."""
        said = self.outcome(sql)
        assert isinstance(said, tuple), sql
        return said

    def user(self, name):
        """A user who signs in as such."""
        return DbUser(name)
