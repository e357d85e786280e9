"""The configuration: what `gateway.toml` may say, checked as a whole, and where secrets come from."""

from gateway.config.channels import (
    AmqpBroker,
    AmqpQueue,
    AmqpTarget,
    FolderPlace,
    ImportClientPlace,
    SftpPlace,
    SftpServer,
    Source,
    Target,
)
from gateway.config.exchange import Exchange, Wait
from gateway.config.loading import load_settings
from gateway.config.secrets import read_secret, secret_variable
from gateway.config.settings import (
    Agent,
    Aggregation,
    Calendar,
    DeclarationForm,
    DxpAddress,
    Encoding,
    Enterprise,
    OffDays,
    OfficeCalendar,
    Partner,
    Route,
    Rules,
    Settings,
    TokenSettings,
)

__all__ = [
    "Agent",
    "Aggregation",
    "AmqpBroker",
    "AmqpQueue",
    "AmqpTarget",
    "Calendar",
    "DeclarationForm",
    "DxpAddress",
    "Encoding",
    "Enterprise",
    "Exchange",
    "FolderPlace",
    "ImportClientPlace",
    "OffDays",
    "OfficeCalendar",
    "Partner",
    "Route",
    "Rules",
    "Settings",
    "SftpPlace",
    "SftpServer",
    "Source",
    "Target",
    "TokenSettings",
    "Wait",
    "load_settings",
    "read_secret",
    "secret_variable",
]
