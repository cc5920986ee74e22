import Fleet
import Reactor
import Supervision

@Loop
final class RuntimeRecordsOnLoop: RuntimeRecords {
    func events(since: UInt64, through: UInt64, completion: @escaping @Loop (Result<[RuntimeEvent], JournalError>) -> Void) { completion(.success([])) }
    func foreignRows(known: Set<SessionID>, completion: @escaping @Loop (Result<[RuntimeLifecycle], JournalError>) -> Void) { completion(.success([])) }
    func swept(at time: PreciseTime) {}
}
