/// Tells the time: the system's, or one set by hand in tests.
public protocol Clock: AnyObject {
    var now: Moment { get }
}
