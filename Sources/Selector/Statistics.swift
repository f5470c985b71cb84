/// Summaries of repeated measurements that a few disturbed ones do not move.
public enum Statistics {
  /// 0 for no values.
  public static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// Half of the distance between the quartiles, over the median: the relative spread.
  public static func spread(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = median(sorted)
    guard sorted.count > 1, middle > 0 else { return 0 }
    func quartile(_ share: Double) -> Double {
      let place = share * Double(sorted.count - 1)
      let low = Int(place)
      let high = min(low + 1, sorted.count - 1)
      return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
    }
    return (quartile(0.75) - quartile(0.25)) / 2 / middle
  }
}
