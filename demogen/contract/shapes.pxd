# How the structs of `transactions`, `exchange` and `outcome` lie in memory, for compiled code that reads their fields: by
# name each costs a look-up in the type, a hundred times a request. Python lays slots out by their names' order, which
# bodies.pyx checks once when it is imported. A variable of these types may hold nothing else, None least of all.

cdef extern from *:
    """
    typedef struct {
        PyObject_HEAD
        PyObject *account, *action, *asset, *code, *description, *entity, *group, *item, *ledger, *metadata,
            *pending, *query, *refused_with, *repeats, *route, *route_id, *scale, *sources, *subject, *targets,
            *transaction_date, *units;
    } DemogenIntent;
    typedef struct {
        PyObject_HEAD
        PyObject *account, *balance_key, *chart_of_accounts, *description, *remaining, *route_id, *share, *units;
    } DemogenLeg;
    typedef struct {
        PyObject_HEAD
        PyObject *account_id, *alias, *asset, *external, *index, *ledger, *role, *scale;
    } DemogenAccountRef;
    typedef struct {
        PyObject_HEAD
        PyObject *index, *ledger_id, *organization_id;
    } DemogenLedgerRef;
    typedef struct {
        PyObject_HEAD
        PyObject *body, *content_type, *headers, *key, *method, *target;
    } DemogenRequest;
    typedef struct {
        PyObject_HEAD
        PyObject *body, *head, *status;
    } DemogenResponse;
    typedef struct {
        PyObject_HEAD
        PyObject *body, *code, *expected, *fault, *mark, *outcome, *replayed, *status, *transaction_id;
    } DemogenReceipt;
    """
    ctypedef class demogen.contract.transactions.Intent [object DemogenIntent, check_size ignore]:
        cdef object account, action, asset, code, description, entity, group, item, ledger, metadata, pending
        cdef object query, refused_with, repeats, route, route_id, scale, sources, subject, targets
        cdef object transaction_date, units

    ctypedef class demogen.contract.transactions.Leg [object DemogenLeg, check_size ignore]:
        cdef object account, balance_key, chart_of_accounts, description, remaining, route_id, share, units

    ctypedef class demogen.contract.transactions.AccountRef [object DemogenAccountRef, check_size ignore]:
        cdef object account_id, alias, asset, external, index, ledger, role, scale

    ctypedef class demogen.contract.transactions.LedgerRef [object DemogenLedgerRef, check_size ignore]:
        cdef object index, ledger_id, organization_id

    ctypedef class demogen.contract.exchange.Request [object DemogenRequest, check_size ignore]:
        cdef object body, content_type, headers, key, method, target

    ctypedef class demogen.contract.exchange.Response [object DemogenResponse, check_size ignore]:
        cdef object body, head, status

    ctypedef class demogen.contract.outcome.Receipt [object DemogenReceipt, check_size ignore]:
        cdef object body, code, expected, fault, mark, outcome, replayed, status, transaction_id
