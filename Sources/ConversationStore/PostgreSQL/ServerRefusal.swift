/// Why a server is not used although it answers.
enum ServerRefusal: Error, Equatable, CustomStringConvertible {
    case standby(endpoint: String)
    case otherDatabase(endpoint: String, found: Int64, known: Int64)
    case leftBehind(endpoint: String, found: UInt32, known: UInt32)
    case unreplicated
    case schemaMissing(schema: String)
    case schemaTooOld(found: Int, needed: Int)

    var description: String {
        switch self {
        case .standby(let endpoint):
            "\(endpoint) is a standby; name the primary, or all servers with target_session_attrs=read-write"
        case .otherDatabase(let endpoint, let found, let known):
            """
            \(endpoint) is another database (system identifier \(found), so far \(known)); if it was restored on purpose, \
            restart all nodes
            """
        case .leftBehind(let endpoint, let found, let known):
            """
            \(endpoint) is on timeline \(found), a server on timeline \(known) was seen: it has been replaced by a \
            promoted standby and must not be written; shut it down and make it a standby of the new primary
            """
        case .unreplicated:
            """
            synchronous_standby_names is empty: the loss of one server would lose calls; set up a synchronous standby, or \
            allow an unreplicated store in the configuration
            """
        case .schemaMissing(let schema):
            "the schema \(schema) has no tables; run `switchboard migrate`, or check search path and permissions"
        case .schemaTooOld(let found, let needed):
            "the database's schema has version \(found), this program needs \(needed); run `switchboard migrate`"
        }
    }
}
