import Models

extension Toolbox {
    static let loadSkillDeclaration = ToolDeclaration(
        "load_skill", "Reads the instructions of one of the available skills.",
        required: ["skill_name": .text("The id of the skill.")])

    /// `load_skill`: the file of a skill.
    func loadSkill(_ arguments: ToolArguments) throws(ToolFailure) -> String {
        let name = try arguments.string("skill_name")
        guard let text = Skills.text(of: name, in: try sandbox()) else {
            throw ToolFailure("there is no skill \(name)")
        }
        return OutputCap.cut(text)
    }
}
