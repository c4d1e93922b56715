"""Notebooks without the frame of CONTRIBUTING's "How a chapter is built" so far. The list only gets shorter."""

UNCONVERTED = {
    "01_nms",
    "02_image_pyramid",
    "03_pnet",
    "05_onet",
    "06_sample_generation",
    "07_losses",
    "08_hard_mining",
    "09_training",
    "10_evaluation",
    "11_limits",
    "12_recognition",
    "start_here",
}
