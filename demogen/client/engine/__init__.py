"""All connections of a process on one epoll: provisioning, the load and the read-back run on it.

`pump` moves the bytes; `connection`, `parser`, `tls`, `endpoint` and `timer` each know one thing it needs.
Never imports locust or gevent: under them poller, sockets and waiting are handed in. May import: `contract`,
`errors`, `clock`.
"""

from demogen.client.engine.opening import open_pump
from demogen.client.engine.pump import Pump

__all__ = ["Pump", "open_pump"]
