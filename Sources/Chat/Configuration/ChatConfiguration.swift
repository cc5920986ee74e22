import Reactor

@Loop
public final class ChatConfiguration {
}
