// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// One pass over an ONNX file.
struct ONNXWalk<Source: ByteSource> {
    typealias Field = ProtobufCursor<Source>.Field
    typealias Value = ProtobufCursor<Source>.Value

    let source: Source
    let limits: ONNXModel.Limits
    var model = ONNXModel()
    private(set) var sawGraph = false
    private var fields = 0
    private var texts: Int64 = 0

    init(source: Source, limits: ONNXModel.Limits) {
        self.source = source
        self.limits = limits
    }

    /// Hands over each field of a message.
    mutating func each(_ range: Range<Int64>, _ body: (inout Self, Field) throws -> Void) throws {
        var cursor = ProtobufCursor(source, range)
        while let field = try cursor.next() {
            fields += 1
            guard fields <= limits.fields else { throw FormatFault.tooLarge("model", "more than \(limits.fields) fields") }
            try body(&self, field)
        }
    }

    /// - Parameter kept: whether the text stays in memory after its message.
    mutating func text(_ value: Value, _ name: String, kept: Bool = true) throws -> String {
        let range = try value.range(name)
        guard Int64(range.count) <= limits.name else { throw FormatFault.tooLarge(name, "a name of \(range.count) bytes") }
        if kept { texts += Int64(range.count) }
        guard texts <= limits.texts else { throw FormatFault.tooLarge(name, "names of more than \(limits.texts) bytes together") }
        let bytes = try source.withBytes(range) { Array($0) }
        guard UTF8Check.firstFault(in: bytes) == nil else { throw FormatFault.badValue(name, "it is not valid UTF-8") }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Model

    mutating func readModel(_ range: Range<Int64>) throws {
        try each(range) { walk, field in
            switch field.number {
            case 1: walk.model.irVersion = try field.value.integer("ir_version")
            case 2: walk.model.producer = try walk.text(field.value, "producer_name")
            case 3: walk.model.producerVersion = try walk.text(field.value, "producer_version")
            case 7:
                walk.sawGraph = true
                try walk.readGraph(field.value.range("graph"), depth: 0)
            case 8: try walk.readOperatorSet(field.value.range("opset_import"))
            case 14: try walk.readMetadata(field.value.range("metadata_props"))
            case 20: try walk.readTraining(field.value.range("training_info"))
            case 25: try walk.readFunction(field.value.range("functions"))
            default: break
            }
        }
    }

    private mutating func readOperatorSet(_ range: Range<Int64>) throws {
        var domain = ""
        var version: Int64 = 0
        try each(range) { walk, field in
            switch field.number {
            case 1: domain = try walk.text(field.value, "opset_import domain")
            case 2: version = try field.value.integer("opset_import version")
            default: break
            }
        }
        guard model.operatorSets.count < 1000 else { throw FormatFault.tooLarge("opset_import", "more than 1000 of them") }
        model.operatorSets[domain] = version
    }

    private mutating func readMetadata(_ range: Range<Int64>) throws {
        // Some writers keep whole label lists here: what is long is not kept.
        var texts: [Int: String] = [:]
        try each(range) { walk, field in
            guard [1, 2].contains(field.number), try Int64(field.value.range("metadata_props").count) <= walk.limits.name else { return }
            texts[field.number] = try walk.text(field.value, "metadata_props")
        }
        if let key = texts[1], let value = texts[2], model.metadata.count < 1000 { model.metadata[key] = value }
    }

    private mutating func readTraining(_ range: Range<Int64>) throws {
        try each(range) { walk, field in
            if [1, 2].contains(field.number) { try walk.readGraph(field.value.range("training_info"), depth: 1) }
        }
    }

    private mutating func readFunction(_ range: Range<Int64>) throws {
        try each(range) { walk, field in
            switch field.number {
            case 7: try walk.readNode(field.value.range("function node"), depth: 1)
            case 11: try walk.readAttribute(field.value.range("function attribute"), depth: 1)
            default: break
            }
        }
    }

    // MARK: Graphs

    mutating func readGraph(_ range: Range<Int64>, depth: Int) throws {
        guard depth < limits.depth else { throw FormatFault.tooLarge("graph", "nested deeper than \(limits.depth)") }
        try each(range) { walk, field in
            switch field.number {
            case 1: try walk.readNode(field.value.range("node"), depth: depth)
            case 5: try walk.readTensor(field.value.range("initializer"))
            case 11 where depth == 0: try walk.model.inputs.append(walk.readPort(field.value.range("input")))
            case 12 where depth == 0: try walk.model.outputs.append(walk.readPort(field.value.range("output")))
            case 15: try walk.readSparseTensor(field.value.range("sparse_initializer"))
            default: break
            }
        }
    }

    private mutating func readNode(_ range: Range<Int64>, depth: Int) throws {
        var node = PackedWeights.Node()
        var domain = ""
        try each(range) { walk, field in
            switch field.number {
            case 1: try node.addInput { try walk.text(field.value, "node input", kept: false) }
            case 4: node.operation = try walk.text(field.value, "op_type", kept: false)
            case 5: try walk.readAttribute(field.value.range("attribute"), depth: depth, of: &node)
            case 7: domain = try walk.text(field.value, "node domain", kept: false)
            default: break
            }
        }
        model.packed.add(node)
        let name = domain.isEmpty ? node.operation : "\(domain)::\(node.operation)"
        if model.operators[name] != nil || model.operators.count < 2000 { model.operators[name, default: 0] += 1 }
    }

    private mutating func readAttribute(_ range: Range<Int64>, depth: Int) throws {
        var nobody = PackedWeights.Node()
        try readAttribute(range, depth: depth, of: &nobody)
    }

    private mutating func readAttribute(_ range: Range<Int64>, depth: Int, of node: inout PackedWeights.Node) throws {
        var name = ""
        var number: Int64?
        try each(range) { walk, field in
            switch field.number {
            case 1: name = try walk.text(field.value, "attribute name", kept: false)
            case 3: number = try field.value.integer("attribute number")
            case 5, 10: try walk.readTensor(field.value.range("attribute tensor"))
            case 6, 11: try walk.readGraph(field.value.range("attribute graph"), depth: depth + 1)
            case 22, 23: try walk.readSparseTensor(field.value.range("attribute sparse tensor"))
            default: break
            }
        }
        node.attributes[name] = number
    }

    private mutating func readSparseTensor(_ range: Range<Int64>) throws {
        try each(range) { walk, field in
            if [1, 2].contains(field.number) { try walk.readTensor(field.value.range("sparse tensor")) }
        }
    }

    // MARK: Inputs and outputs

    private mutating func readPort(_ range: Range<Int64>) throws -> ONNXPort {
        guard model.inputs.count + model.outputs.count < limits.entries else {
            throw FormatFault.tooLarge("graph", "more than \(limits.entries) inputs")
        }
        var port = ONNXPort()
        try each(range) { walk, field in
            switch field.number {
            case 1: port.name = try walk.text(field.value, "input name")
            case 2: try walk.readType(field.value.range("input type"), into: &port)
            default: break
            }
        }
        return port
    }

    private mutating func readType(_ range: Range<Int64>, into port: inout ONNXPort) throws {
        try each(range) { walk, field in
            guard field.number == 1 else { return }
            try walk.each(field.value.range("tensor type")) { walk, field in
                switch field.number {
                case 1: port.type = ONNXType(code: Int(try field.value.integer("elem_type")))
                case 2: port.shape = try walk.readShape(field.value.range("shape"))
                default: break
                }
            }
        }
    }

    private mutating func readShape(_ range: Range<Int64>) throws -> [ONNXPort.Size] {
        var sizes: [ONNXPort.Size] = []
        try each(range) { walk, field in
            guard field.number == 1 else { return }
            guard sizes.count < 64 else { throw FormatFault.tooLarge("shape", "more than 64 sizes") }
            var size = ONNXPort.Size.free("")
            try walk.each(field.value.range("dim")) { walk, field in
                switch field.number {
                case 1: size = .fixed(try field.value.integer("dim_value"))
                case 2: size = .free(try walk.text(field.value, "dim_param"))
                default: break
                }
            }
            sizes.append(size)
        }
        return sizes
    }
}
