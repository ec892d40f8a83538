"""What is unknown, disputed or rare about Help Scout's API, as switches of its simulator."""

from dataclasses import dataclass
from typing import Literal


@dataclass
class HelpScoutBehaviour:
    """Each switch may be turned between any two requests. The defaults are the likeliest reading."""

    page_size: int = 50
    """Rows of a numbered page; no parameter changes it."""
    conversation_page_size: int = 25
    thread_page_size: int = 25
    cursor_page_size: int = 50
    """Rows of a page of the v3 customer list."""
    cursor_lifetime: float | None = None
    """Seconds for which a v3 cursor is accepted; None: for ever."""
    token_lifetime: int = 172_800
    """Seconds, told as `expires_in`."""
    token_uses: int | None = None
    """Requests after which a token dies ahead of its time; None: it does not."""
    user_active: bool = True
    """False: the user whom the app belongs to has left; every call is refused with 401."""
    wrong_secret_status: Literal[400, 401] = 401
    index_lag: float = 0.0
    """Seconds (of the state's clock) by which lists and searches trail a change; a GET by id does not."""
    modified_since_inclusive: bool = False
    spam_in_all: bool = True
    """Whether `status=all` shows spam."""
    deep_page_limit: int | None = None
    """Numbered pages that reach beyond this many rows are refused; None: never."""
    deep_page_status: int = 400
    merged_customer: Literal["moved", "gone"] = "moved"
    """What a GET of a person who was merged away answers: 301 to the survivor, or 404."""
    merge_days: int = 60
    """Days for which the id of a merged-away record answers 301."""
    forbidden_status: Literal[403, 404] = 403
    """What a GET by id answers for a record that `Faults.hidden` hides from the lists."""
    number_of_empty_page: int | None = None
    """`page.number` of an empty result; None: the number that was asked for."""
    social_profiles_key: Literal["social-profiles", "social_profiles"] = "social-profiles"
    """The key of a customer's list of social profiles; inside a customer it is always with `_`."""
    delete_limit: int = 100
    """Conversations above which a customer can only be deleted asynchronously."""
    async_delete_seconds: float = 0.0
    """Seconds (of the state's clock) an asynchronous deletion takes after its 202."""
