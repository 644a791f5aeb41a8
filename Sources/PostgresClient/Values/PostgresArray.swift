/// One-dimensional arrays, with NULLs if the element is optional.
///
/// The notation is that of `array_recv` in PostgreSQL: number of dimensions, whether there are NULLs, element type; for
/// each dimension its length and lower bound; then each element with its length, −1 for NULL. An empty array has no
/// dimensions.
extension Array: PostgresEncodable where Element: PostgresArrayElement {
    public static var postgresType: PostgresType { Element.postgresArrayType }

    public func encode(into buffer: inout [UInt8]) {
        buffer.appendBigEndian(Int32(isEmpty ? 0 : 1))
        buffer.appendBigEndian(Int32(contains(where: \.isNull) ? 1 : 0))
        buffer.appendBigEndian(Element.postgresType.rawValue)
        guard !isEmpty else { return }
        buffer.appendBigEndian(Int32(clamping: count))
        buffer.appendBigEndian(1 as Int32)
        for element in self {
            if element.isNull {
                buffer.appendBigEndian(-1 as Int32)
            } else {
                buffer.appendWithLength { element.encode(into: &$0) }
            }
        }
    }
}
