/// Workflows of ComfyUI in API format.
public enum ComfyWorkflows {
  /// An image of a prompt; `9` saves it, `12` shows another.
  public static let generate = """
    {
      "3": {"class_type": "KSampler", "inputs": {"seed": 5, "steps": 20, "cfg": 8, "denoise": 1.0,
        "sampler_name": "euler", "scheduler": "normal", "model": ["4", 0], "positive": ["6", 0],
        "negative": ["7", 0], "latent_image": ["5", 0]}},
      "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
      "5": {"class_type": "EmptyLatentImage",
        "inputs": {"width": 512, "height": 768, "batch_size": 1}},
      "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]},
        "_meta": {"title": "Positive"}},
      "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blur", "clip": ["4", 1]}},
      "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
      "9": {"class_type": "SaveImage",
        "inputs": {"filename_prefix": "out/cat", "images": ["8", 0]}},
      "11": {"class_type": "CLIPTextEncode", "inputs": {"text": "a dog", "clip": ["4", 1]}},
      "12": {"class_type": "PreviewAny", "inputs": {"source": ["11", 0]}}
    }
    """

  /// What is masked of an image is painted.
  public static let fill = """
    {
      "2": {"class_type": "PrimitiveString", "inputs": {"value": "a vase"}},
      "3": {"class_type": "Painter", "inputs": {"image": ["10", 0], "mask": ["11", 0],
        "prompt": ["2", 0], "tiled": true}},
      "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "fill", "images": ["3", 0]}},
      "10": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
      "11": {"class_type": "LoadImageMask", "inputs": {"image": "mask.png", "channel": "red"}}
    }
    """

  public static let upscale = """
    {
      "1": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
      "2": {"class_type": "ImageScaleBy",
        "inputs": {"image": ["1", 0], "upscale_method": "lanczos", "scale_by": 2}},
      "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "up", "images": ["2", 0]}}
    }
    """

  public static let video = """
    {
      "6": {"class_type": "TextToVideo", "inputs": {"prompt": "waves", "seed": 1, "length": 81}},
      "9": {"class_type": "SaveVideo",
        "inputs": {"filename_prefix": "film", "video": ["6", 0], "format": "mp4"}}
    }
    """

  /// A video that begins with an image.
  public static let animate = """
    {
      "1": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
      "6": {"class_type": "ImageToVideo", "inputs": {"image": ["1", 0], "prompt": "it moves"}},
      "9": {"class_type": "SaveVideo",
        "inputs": {"filename_prefix": "film", "video": ["6", 0], "format": "mp4"}}
    }
    """
}
