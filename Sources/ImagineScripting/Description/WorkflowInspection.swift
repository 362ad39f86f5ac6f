public import ImagineAPI
import ImagineProviders

/// `imagine comfy inspect`: what looks like an input in a workflow of ComfyUI, and the configuration
/// that maps it.
public enum WorkflowInspection {
  /// - Parameters:
  ///   - folder: the working folder, for the absolute path in the configuration.
  ///   - output: the id of the node that saves the result; nil to choose one.
  /// - Throws: ``ImagineError`` of kind `io` if the file cannot be read; of kind `validation` if it is
  ///   no workflow in API format, or has no such node.
  public static func text(
    of file: FilePath, in folder: String, output: String?
  ) throws(ImagineError) -> String {
    let path = file.description
    return try ComfyInspection(
      file: file, absolutePath: path.hasPrefix("/") ? path : "\(folder)/\(path)", output: output
    ).text
  }
}
