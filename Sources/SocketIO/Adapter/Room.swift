/// The sockets of one room, side by side in memory.
///
/// A member knows its place here and the room's place among its own memberships, so that leaving takes constant time
/// whatever the sizes: the last one moves into the gap.
final class Room {
    struct Member {
        let socket: Socket
        /// Where this room stands in the socket's memberships.
        var slot: Int
    }

    let name: String
    fileprivate(set) var members: ContiguousArray<Member> = []

    init(name: String) {
        self.name = name
    }

    func contains(_ socket: Socket) -> Bool {
        // Whichever list is shorter.
        if socket.memberships.count <= members.count {
            return socket.memberships.contains { $0.room === self }
        }
        return members.contains { $0.socket === socket }
    }

    /// The caller knows that it is not there yet.
    func add(_ socket: Socket) {
        let slot = socket.memberships.count
        socket.memberships.append(Membership(room: self, position: members.count))
        members.append(Member(socket: socket, slot: slot))
    }

    func remove(_ socket: Socket) {
        guard let slot = socket.memberships.firstIndex(where: { $0.room === self }) else { return }
        removeMember(at: socket.memberships[slot].position)
        let last = socket.memberships.removeLast()
        if slot < socket.memberships.count {
            socket.memberships[slot] = last
            last.room.members[last.position].slot = slot
        }
        if socket.memberships.isEmpty { socket.memberships = [] }
    }

    /// Takes a member out without touching its own list.
    fileprivate func removeMember(at position: Int) {
        let last = members.removeLast()
        if position < members.count {
            members[position] = last
            last.socket.memberships[last.slot].position = position
        }
    }
}

/// A socket's place in a room.
struct Membership {
    let room: Room
    var position: Int
}

extension Socket {
    /// Leaves all rooms, and gives those that are empty now.
    func leaveRooms() -> [Room] {
        var emptied: [Room] = []
        for membership in memberships {
            membership.room.removeMember(at: membership.position)
            if membership.room.members.isEmpty { emptied.append(membership.room) }
        }
        memberships = []
        return emptied
    }
}
