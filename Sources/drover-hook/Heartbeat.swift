import Glibc
import Spool

/// `~/.capacitor/hud-hook-heartbeat`: the second of the last event that arrived (daemon-ipc §9.1, §9.6).
enum Heartbeat {
    static func beat(in home: String) {
        let descriptor = open(home + "/hud-hook-heartbeat", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // Over the old one, which is as long: a reader never sees it empty.
        let text = Array("\(System.now.milliseconds / 1000)\n".utf8)
        if SmallFile.write(text, to: descriptor) { ftruncate(descriptor, text.count) }
    }
}
