import Models
import Reactor
import Settings

/// Asks a model, whichever it is. Everything comes on the loop.
@Loop
public protocol ModelGateway: AnyObject {
    /// Begins a call. The receiver hears of it later, never during this function.
    func call(_ request: ModelRequest, settings: ChatSettings, receiver: any ModelReceiver) -> any ModelCall
}

/// A call under way. It holds its receiver weakly.
@Loop
public protocol ModelCall: AnyObject {
    /// Nothing is heard of it any more.
    func cancel()
}

/// Hears what a model says: events, of which `finished` is the last, or a failure, after which there is nothing.
@Loop
public protocol ModelReceiver: AnyObject {
    /// Events that came together.
    func modelSaid(_ events: [ModelEvent])
    func modelFailed(_ failure: TurnMachine.ModelFailure)
}
