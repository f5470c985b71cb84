// What Swift has that the psABI has not: four results of a kind, errors in a register of their own, `self` in another,
// and calls of all that through pointers.
struct Four { var a: Int, b: Int, c: Int, d: Int }
@inline(never) func four(_ n: Int) -> (Int, Int, Int, Int) { (n, n &* 3, n ^ 0x55, n &+ 7) }
@inline(never) func three(_ n: Int) -> (Int, Int, Int) { (n &+ 1, n &* 2, n &- 5) }
@inline(never) func apply(_ f: (Int, Int, Int, Int) -> Int, _ n: Int) -> Int { let (a, b, c, d) = four(n); return f(a, b, c, d) }
@inline(never) func apply3(_ f: (Int, Int, Int, Int) -> Int, _ n: Int) -> Int { let (a, b, c) = three(n); return f(1, a, b, c) }
@inline(never) func float4(_ x: Double) -> (Double, Double, Double, Double) { (x, x * 2, x / 3, -x) }
@inline(never) func applyF(_ f: (Double, Double, Double, Double) -> Double, _ x: Double) -> Double { let (a, b, c, d) = float4(x); return f(a, b, c, d) }
protocol Shape { func area(_ s: Double) -> Double; var name: String { get } }
struct Square: Shape { var w: Double; func area(_ s: Double) -> Double { w * w * s }; var name: String { "square" } }
final class Circle: Shape { var r: Double; init(_ r: Double) { self.r = r }; func area(_ s: Double) -> Double { 3 * r * r * s }; var name: String { "circle" } }
enum E: Error { case odd(Int) }
@inline(never) func check(_ n: Int) throws -> Int { if n % 3 == 1 { throw E.odd(n) }; return n * n }
var total = 0
for i in 0..<2000 {
  total &+= apply({ $0 &+ 2 &* $1 &+ 3 &* $2 &+ 5 &* $3 &+ i }, i)
  total &+= apply3({ $0 &+ 2 &* $1 &+ 3 &* $2 &+ 5 &* $3 &+ i }, i)
  do { total &+= try check(i) } catch E.odd(let n) { total &-= n } catch { total = 0 }
}
print(total, applyF({ $0 + 2 * $1 + 3 * $2 + 5 * $3 }, 1.5))
var words: [String: Int] = [:]
for i in 0..<3000 { words["key\(i % 97)", default: 0] += i }
print(words.sorted { $0.key < $1.key }.prefix(5).map { "\($0.key)=\($0.value)" }.joined(separator: " "))
let shapes: [any Shape] = [Square(w: 2), Circle(1.5), Square(w: 0.5)]
print(shapes.map { "\($0.name) \($0.area(2))" }, shapes.reduce(0) { $0 + $1.area(1) })
print((1...20).lazy.filter { $0 % 2 == 0 }.map { $0 * $0 }.reduce(0, +), "Grüße, 世界".uppercased().count, String(3.14159.bitPattern, radix: 16))
