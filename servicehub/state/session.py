"""What a tab knows of its log-in, for the shells: is somebody logged in, in which role.

Filled by the guard at every event; display only. Rights are decided from the session row each time.
"""

import reflex as rx

from servicehub.domain.access import Actor
from servicehub.state.base import AppState, roles


@roles("public")
class SessionState(AppState, rx.State):
    """The tab's log-in as the shell shows it."""

    role: str = ""
    """"customer", "technician", "operator" or "" for a stranger."""
    operator_role: str = ""
    _bound: str = ""
    """Hash of the session that the tab's state was filled for."""

    def _bind(self, login: str, actor: Actor | None) -> None:
        self._bound = login if actor else ""
        role = str(actor.role) if actor else ""
        operator_role = str(actor.operator_role or "") if actor else ""
        if (role, operator_role) != (self.role, self.operator_role):
            self.role, self.operator_role = role, operator_role
