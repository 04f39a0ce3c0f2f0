"""The one list of environment variables: ours, and every one of Unleash 8.2. `docs/settings.md` is made from it.

Names and values of Unleash's are those of its public documentation and of its configuration, as of 8.2.
"""

from collections.abc import Mapping, Sequence

from flagkeeper.environment.variable import Handling, Variable, refused, unneeded

OFF = ("false", "0", "f", "no", "n", "off")
ON = ("true", "1", "t", "yes", "y", "on")

_NO_ACTIONS = "There are no signals and no actions here."
_BOUNDED = "What one client may send is bounded for all paths alike (README, Running it)."
_NO_CALLS_HOME = "The server never calls home."
_CONNECTIONS = "A server keeps about a dozen connections to PostgreSQL, however busy it is."
_LIMIT = "How many there may be"

SECTIONS: Mapping[str, Sequence[Variable]] = {
    "Database": (
        Variable(
            "DATABASE_URL",
            "`sqlite:///file.db`, or PostgreSQL in any form that libpq knows: "
            "`postgresql://user:password@host:5432/name?sslmode=verify-full`, several hosts, a socket's folder, "
            "`host=... dbname=...`",
            "`sqlite:///flagkeeper.db`",
            secret=True,
        ),
        Variable("FLAGKEEPER_DATABASE_URL", "The same; it counts if both are set", secret=True),
        Variable(
            "DATABASE_HOST",
            "PostgreSQL in parts. They also fill in what `DATABASE_URL` leaves out. A name, an address, the folder of "
            "a socket, or several with commas between them",
            "`localhost`, if another part is set",
        ),
        Variable("DATABASE_PORT", "Of PostgreSQL; one, or one for each host", "5432"),
        Variable("DATABASE_NAME", "Of the database", "`unleash`"),
        Variable("DATABASE_USERNAME", "Who logs in to PostgreSQL", "`unleash_user`", secret=True),
        Variable("DATABASE_PASSWORD", "With what", secret=True),
        Variable("DATABASE_SCHEMA", "In which schema the tables are; it is made if it is missing", "`public`"),
        Variable(
            "DATABASE_SSL",
            "`true`: encrypted, and the server's certificate is checked. `false`: not encrypted, if the URL does not "
            'say otherwise. Or JSON: `{"rejectUnauthorized": false}` encrypts without a check; `ca`, `cert` and `key` '
            "hold PEM",
            "encrypted if the server can",
        ),
        Variable("DATABASE_SSL_REJECT_UNAUTHORIZED", "Whether the server's certificate is checked", "`true` with a CA"),
        Variable("DATABASE_SSL_CA_FILE", "Who may have signed it, PEM", "the authorities of this machine"),
        Variable("DATABASE_SSL_CERT_FILE", "A certificate to show to PostgreSQL, PEM"),
        Variable("DATABASE_SSL_KEY_FILE", "Its key, PEM"),
        Variable("DATABASE_SSL_CA_CONFIG", "JSON as in `DATABASE_SSL`, or the path of a file with it"),
        Variable("DATABASE_APPLICATION_NAME", "What PostgreSQL's lists of connections show", "`flagkeeper`"),
        Variable(
            "DATABASE_DISABLE_MIGRATION",
            "`true`: a server does not migrate; it starts once `flagkeeper migrate` has been run",
            "`false`",
        ),
        unneeded("DATABASE_POOL_MIN", _CONNECTIONS),
        unneeded("DATABASE_POOL_MAX", _CONNECTIONS),
        unneeded("DATABASE_POOL_IDLE_TIMEOUT_MS", "Connections are kept, and made again when one was lost."),
        unneeded("DATABASE_VERSION", "PostgreSQL says its version itself."),
        unneeded("ALLOW_NON_STANDARD_DB_DATES", "Times are numbers here; no date format matters."),
        unneeded("MIGRATION_LOCK", "Servers that start together always migrate one at a time."),
        unneeded("ENABLE_SCHEDULED_CREATED_BY_MIGRATION", "Every event names its author from the start."),
    ),
    "Where it listens, and where people find it": (
        Variable("HTTP_PORT", "Where to listen", "4242"),
        Variable("PORT", "The same, if `HTTP_PORT` is not set"),
        Variable("HTTP_HOST", "On which address", "all"),
        Variable(
            "UNLEASH_URL",
            "Where people reach the server. Links in summaries and mails begin with it",
            "what a trusted proxy says, or `http://localhost:4242`",
        ),
        Variable("FLAGKEEPER_URL", "The same, if `UNLEASH_URL` is not set"),
        Variable(
            "BASE_URI_PATH",
            "The path under which everything is served, such as `/unleash`. A proxy may leave it there, or take it "
            "away",
            "that of `UNLEASH_URL`",
        ),
        Variable(
            "FLAGKEEPER_TRUSTED_PROXIES",
            "Networks, such as `10.0.0.0/8`, whose headers about the caller's address, scheme and host are believed",
            "none",
        ),
        Variable(
            "FLAGKEEPER_PROXY_HEADER",
            "Which header says where a request came from: `x-forwarded-for`, `forwarded` or `x-real-ip`. Only this one "
            "counts",
            "`x-forwarded-for`",
        ),
        Variable("SECURE_HEADERS", "Cookies for HTTPS only, and HSTS", "`false`; cookies behind HTTPS are"),
        Variable("SERVER_KEEPALIVE_TIMEOUT", "Seconds that a connection may be idle", "75"),
        Variable("GRACEFUL_SHUTDOWN_TIMEOUT", "Milliseconds that requests get to end when the server stops", "5000"),
        unneeded("GRACEFUL_SHUTDOWN_ENABLE", "A server that is told to stop always ends what it accepted."),
        unneeded("SERVER_DISABLE_COMPRESSION", "Answers are packed for clients that ask for it, and for no other."),
        unneeded("CDN_PREFIX", "Pages come from the server itself and load nothing from elsewhere."),
        unneeded("CSP_ALLOWED_*", "Pages come from the server itself and load nothing from elsewhere."),
        unneeded("ENABLE_OAS", "The description of the interface is always served."),
        unneeded("ENABLE_HEAP_SNAPSHOT_ENPOINT", "There is no such endpoint."),
        unneeded("EDGE_URL", "Nothing here leads to an Edge; SDKs are told its address themselves."),
    ),
    "Who gets in": (
        Variable("AUTH_TYPE", "`open-source`: passwords. `none`: no login at all, on loopback only", "`open-source`"),
        Variable("FLAGKEEPER_ALLOW_OPEN", "Lets a server without login listen everywhere", "`false`"),
        Variable("UNLEASH_DEFAULT_ADMIN_USERNAME", "The first user", "`admin`"),
        Variable("UNLEASH_DEFAULT_ADMIN_PASSWORD", "And the password", "one that is printed once", secret=True),
        Variable("INIT_ADMIN_API_TOKENS", "Tokens that exist from the start, comma separated", secret=True),
        Variable("INIT_BACKEND_API_TOKENS", "The same for server-side SDKs", secret=True),
        Variable("INIT_CLIENT_API_TOKENS", "The same, if `INIT_BACKEND_API_TOKENS` is not set", secret=True),
        Variable("INIT_FRONTEND_API_TOKENS", "The same for browsers and apps", secret=True),
        refused(
            "AUTH_ENABLE_API_TOKEN",
            "SDKs always need a token here. Give them one, or set AUTH_TYPE=none on a machine of your own.",
            *ON,
        ),
        refused(
            "UNLEASH_PAT_KILL_SWITCH",
            "Personal access tokens cannot be switched off here. Take it away.",
            *OFF,
        ),
        refused(
            "UNLEASH_DISABLE_CUSTOM_STRATEGY_CREATION",
            "Who may create strategies is a matter of permissions here (CREATE_STRATEGY). Take it away.",
            *OFF,
        ),
        refused(
            "UNLEASH_DISABLE_CUSTOM_STRATEGY_EDITING",
            "Who may change strategies is a matter of permissions here (UPDATE_STRATEGY). Take it away.",
            *OFF,
        ),
        refused(
            "ENABLED_ENVIRONMENTS",
            "Environments are switched on and off in the API, where it is recorded who did it. Take it away.",
        ),
        Variable("SESSION_TTL_HOURS", "How long a session lasts", "48"),
        Variable("MAX_PARALLEL_SESSIONS", "How many somebody may have; the oldest ends for a new one", "5"),
        Variable(
            "USER_INACTIVITY_THRESHOLD_IN_DAYS", "People who were not seen for so long are listed as inactive", "180"
        ),
        refused(
            "SESSION_CLEAR_SITE_DATA_ON_LOGOUT",
            "Who logs out leaves nothing in the browser here. Take it away, or set it to true.",
            *ON,
        ),
        unneeded("AUTH_DEMO_ALLOW_ADMIN_LOGIN", "There is no login without a password here."),
        unneeded("GOOGLE_AUTH_ENABLED", "Logging in with Google is no longer part of Unleash either."),
        unneeded("UNLEASH_SECRET", "Sessions are random numbers that the database knows; nothing is signed."),
        Variable(
            "SIMPLE_LOGIN_LIMIT_PER_MINUTE",
            "How often somebody may try to log in from one network, on all servers together",
            "10",
        ),
        unneeded("UNLEASH_FRONTEND_TOKEN", "The pages of this server need no flags of Unleash's own."),
        unneeded("EDGE_MASTER_KEY", "Tokens are issued to an Edge that shows an admin token."),
        Variable("EDGE_CLIENT_SECRET", "What Edge signs its requests for tokens with", "no Edge gets any", secret=True),
    ),
    "Logging and watching": (
        Variable("LOG_LEVEL", "`debug`, `info`, `warn`, `error` or `fatal`", "`info`"),
        Variable("FLAGKEEPER_LOG_FORMAT", "`console` for people, `json` for machines", "`console`"),
        Variable("FLAGKEEPER_ACCESS_LOG", "A line for each request, by route", "`false`"),
        Variable("REQUEST_LOGGER_ENABLE", "The same, if `FLAGKEEPER_ACCESS_LOG` is not set"),
        unneeded("CHECK_DB_ON_READY", "`/ready` always asks the database."),
        unneeded("CHECK_VERSION", _NO_CALLS_HOME),
        unneeded("UNLEASH_VERSION_URL", _NO_CALLS_HOME),
        unneeded("SEND_TELEMETRY", _NO_CALLS_HOME),
        unneeded("PROMETHEUS_API", "Nothing here reads Prometheus; it reads `/internal-backstage/prometheus`."),
        unneeded("PROMETHEUS_IMPACT_METRICS_API", "There are no impact metrics here."),
        unneeded("UNLEASH_RESPONSE_TIME_WITH_APP_NAME_KILL_SWITCH", "No metric has names of applications."),
        unneeded("FEEDBACK_URI_PATH", "Nothing is sent elsewhere."),
        unneeded("OPENAI_API_KEY", "There is no assistant here."),
    ),
    "The event log": (
        Variable(
            "FLAGKEEPER_ARCHIVE",
            "Where old events go: `/a/directory`, or `s3://bucket/prefix` with the keys in `AWS_ACCESS_KEY_ID` and "
            "`AWS_SECRET_ACCESS_KEY`",
            "nowhere",
        ),
        Variable("FLAGKEEPER_ARCHIVE_ENDPOINT", "Of an S3-compatible service that is not Amazon's"),
        Variable("FLAGKEEPER_ARCHIVE_REGION", "Of the bucket", "that of the environment"),
        Variable("FLAGKEEPER_LOG_KEEP_DAYS", "What is older goes into the archive", "all"),
        Variable("FLAGKEEPER_LOG_KEEP_EVENTS", "What is beyond the newest so many goes there", "all"),
        Variable("FLAGKEEPER_SDK_STREAMS", "How many SDKs may listen to one process at a time", "10000"),
        Variable(
            "FLAGKEEPER_OFREP_STREAMS",
            "How many providers of OpenFeature may listen to one process at a time; 0: none is offered a stream",
            "2000",
        ),
        Variable("FLAGKEEPER_LIVE_TAILS", "How many may follow the log through one process at a time", "1000"),
    ),
    "Integrations": (
        Variable(
            "FLAGKEEPER_SECRET_KEY",
            "Seals the secrets of integrations; several, comma separated, while keys are exchanged, the newest first",
            "one in the database",
            secret=True,
        ),
        Variable("FLAGKEEPER_OUTBOUND_ALLOW", "Private networks, addresses and names that integrations may reach"),
        Variable("UNLEASH_ALLOW_PRIVATE_URL_IN_INTEGRATION", "`true`: they may reach every private address", "`false`"),
        Variable("FLAGKEEPER_INTEGRATION_EVENTS_DAYS", "How long attempts to deliver are kept", "30"),
        Variable("FLAGKEEPER_RETRY_SCALE", "Shortens the waits between attempts, for tests", "1"),
        unneeded("HTTP_PROXY", "Integrations connect by themselves, which is how private addresses are kept safe."),
        unneeded("HTTPS_PROXY", "Integrations connect by themselves, which is how private addresses are kept safe."),
        unneeded("http_proxy", "Integrations connect by themselves, which is how private addresses are kept safe."),
        unneeded("https_proxy", "Integrations connect by themselves, which is how private addresses are kept safe."),
        unneeded("NODE_EXTRA_CA_CERTS", "Name the file in SSL_CERT_FILE, which Python reads."),
    ),
    "Limits": (
        Variable("UNLEASH_FEATURE_FLAGS_LIMIT", f"{_LIMIT}: flags in use, in all projects", "5000"),
        Variable("UNLEASH_SEGMENTS_LIMIT", f"{_LIMIT}: segments", "300"),
        Variable("UNLEASH_SEGMENT_VALUES_LIMIT", f"{_LIMIT}: values in one segment", "1000"),
        Variable("UNLEASH_STRATEGY_SEGMENTS_LIMIT", f"{_LIMIT}: segments of one strategy", "5"),
        Variable(
            "UNLEASH_FEATURE_ENVIRONMENT_STRATEGIES_LIMIT", f"{_LIMIT}: strategies of a flag in one environment", "30"
        ),
        Variable("UNLEASH_CONSTRAINTS_LIMIT", f"{_LIMIT}: constraints of one strategy", "30"),
        Variable("UNLEASH_CONSTRAINT_VALUES_LIMIT", f"{_LIMIT}: values of one constraint", "250"),
        Variable("UNLEASH_API_TOKENS_LIMIT", f"{_LIMIT}: API tokens", "2000"),
        Variable("UNLEASH_PROJECTS_LIMIT", f"{_LIMIT}: projects", "500"),
        Variable("UNLEASH_ENVIRONMENTS_LIMIT", f"{_LIMIT}: environments", "50"),
        Variable("UNLEASH_SIGNUP_TOKENS_LIMIT", f"{_LIMIT}: links by which people sign up", "100"),
        unneeded("UNLEASH_SIGNAL_ENDPOINTS_LIMIT", _NO_ACTIONS),
        unneeded("UNLEASH_SIGNAL_TOKENS_PER_ENDPOINT_LIMIT", _NO_ACTIONS),
        unneeded("UNLEASH_ACTION_SET*_LIMIT", _NO_ACTIONS),
        unneeded("UNLEASH_RELEASE_TEMPLATES_LIMIT", "There are no release templates here."),
        unneeded("SIGNAL_ENDPOINT_RATE_LIMIT_PER_SECOND", _NO_ACTIONS),
        unneeded("REGISTER_CLIENT_RATE_LIMIT_PER_MINUTE", _BOUNDED),
        unneeded("CLIENT_METRICS_RATE_LIMIT_PER_MINUTE", _BOUNDED),
        unneeded("REGISTER_FRONTEND_RATE_LIMIT_PER_MINUTE", _BOUNDED),
        unneeded("FRONTEND_METRICS_RATE_LIMIT_PER_MINUTE", _BOUNDED),
        Variable("CREATE_USER_RATE_LIMIT_PER_MINUTE", "How many users may be created from one network", "20"),
        Variable("PASSWORD_RESET_LIMIT_PER_MINUTE", "How often a mail to choose a password may be asked for", "1"),
        Variable(
            "FLAGKEEPER_SIGN_UP_LIMIT_PER_MINUTE",
            "How often somebody may sign up, or ask for access, from one network",
            "10",
        ),
    ),
    "Flags and SDKs": (
        Variable(
            "IMPORT_FILE",
            "A state, or exported flags, in JSON or YAML, that is imported at the start: once, however often servers "
            "start",
        ),
        Variable("IMPORT_DROP_BEFORE_IMPORT", "`true`: what a state in that file does not have is removed", "`false`"),
        Variable("IMPORT_KEEP_EXISTING", "`true`: what is there already stays as it is", "`true`"),
        Variable("IMPORT_PROJECT", "Where exported flags in that file go", "`default`"),
        Variable("IMPORT_ENVIRONMENT", "In which environment they get what they had in theirs", "`development`"),
        unneeded("DAILY_METRICS_STORAGE_DAYS", "Counts of days are kept for as long as Unleash keeps them."),
        unneeded("CLIENT_FEATURE_CACHING_*", "What SDKs read is in memory and always new."),
        unneeded("FRONTEND_API_REFRESH_INTERVAL_MS", "What SDKs read is in memory and always new."),
        Variable(
            "UNLEASH_FRONTEND_API_ORIGINS",
            "From which sites browsers may ask the frontend API, until an administrator says otherwise",
            "`*`",
        ),
        unneeded("ACCESS_CONTROL_MAX_AGE", "Browsers keep the answer to a preflight for a day."),
        Variable(
            "FLAGKEEPER_EVALUATIONS_PER_MINUTE",
            "How many requests one token may make of one server in a minute to have flags evaluated (frontend API, "
            "OFREP); more are answered with 429",
            "any number",
        ),
        unneeded("FILTER_INVALID_CLIENT_METRICS", "Reports are always checked, each part for itself."),
    ),
    "Edge (`flagkeeper edge`)": (
        Variable("UPSTREAM_URL", "The server to follow, ours or an Unleash; `--upstream`"),
        Variable(
            "TOKENS",
            "Backend tokens of that server, with commas between them: what they open is there before anybody asks; "
            "`--token`",
            secret=True,
        ),
        Variable(
            "BACKUP_FOLDER",
            "Where flags are kept for a restart while that server is away; `--backup-folder`",
            "nowhere",
        ),
        Variable("STRICT", "`true`: what these tokens open is served, and nothing else; `--strict`", "`false`"),
        Variable("FEATURES_REFRESH_INTERVAL_SECONDS", "Between two polls, where that server has no stream", "15"),
        Variable("METRICS_INTERVAL_SECONDS", "Between two reports of what SDKs counted", "15"),
        Variable(
            "TOKEN_REVALIDATION_INTERVAL_SECONDS",
            "Between two questions whether tokens are still valid: so long a revoked one may live on",
            "15",
        ),
        Variable("UPSTREAM_REQUEST_TIMEOUT", "Seconds that server has for a request and its whole answer", "30"),
        Variable("UPSTREAM_SOCKET_TIMEOUT", "Seconds without a byte of an answer after which it counts as away", "10"),
        Variable(
            "FLAGKEEPER_STREAM_SILENCE_SECONDS",
            "Seconds without a line after which its stream counts as broken; servers send one every 15 or 30",
            "45",
        ),
        Variable(
            "INTERFACE", "On which address an edge listens, if `HTTP_HOST` is not set. `PORT` is 3063 for it", "all"
        ),
        Variable("CORS_ORIGIN", "For an edge, if `UNLEASH_FRONTEND_API_ORIGINS` is not set", "`*`"),
    ),
    "Mail": (
        Variable("EMAIL_HOST", "The mail server that sends invitations and links to choose a password", "none"),
        Variable("EMAIL_PORT", "Its port", "587; 465 with `EMAIL_SECURE`"),
        Variable("EMAIL_SECURE", "`true`: encrypted from the first byte", "`false`"),
        Variable("EMAIL_USER", "Who logs in to it", secret=True),
        Variable("EMAIL_PASSWORD", "With what", secret=True),
        Variable("EMAIL_SENDER", "The address that mails come from; needed with `EMAIL_HOST`"),
        unneeded("EMAIL_OPTIONAL_HEADERS", "Mails have the usual headers and no others."),
    ),
    "Of Unleash's own making": (
        unneeded("UNLEASH_EXPERIMENTAL_*", "A switch for what Unleash has not finished."),
        unneeded("UNLEASH_EXPERIMENT_*", "A switch for what Unleash has not finished."),
        unneeded("EXPERIMENTAL_*", "A switch for what Unleash has not finished."),
        unneeded("UNLEASH_STRICT_SCHEMA_VALIDTION", "Requests are always checked."),
        unneeded("UNLEASH_ORIGIN_MIDDLEWARE_REQUEST_LOGGING", "Set REQUEST_LOGGER_ENABLE."),
        unneeded("UNLEASH_DEMO", "There is no demo mode."),
        unneeded("UNLEASH_LICENSE*", "No licence is needed."),
        unneeded("BUILD_DATE", "The version says it."),
        unneeded("NODE_ENV", "This server is no Node program."),
        unneeded("NODE_OPTIONS", "This server is no Node program."),
    ),
}
"""By what they are about. Where a name and a pattern fit, the name counts."""

VARIABLES: Mapping[str, Variable] = {each.name: each for section in SECTIONS.values() for each in section}


def variable(name: str) -> Variable | None:
    """What is known of a variable. None: nothing."""
    found = VARIABLES.get(name)
    if found is None:
        found = next((each for each in VARIABLES.values() if "*" in each.name and each.names(name)), None)
    if found is None and name.endswith("_FILE"):
        bare = VARIABLES.get(name.removesuffix("_FILE"))
        found = bare if bare and bare.secret else None
    return found


def honoured(name: str) -> Variable:
    """Raises `LookupError`: no such variable is in the list, so nobody could know of it."""
    found = VARIABLES[name]
    if found.handling is not Handling.HONOURED:
        raise LookupError(f"{name} is said to do nothing")
    return found
