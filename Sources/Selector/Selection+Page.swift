extension Selection {
  public var html: String { "" }
}
