// One press switches the camera on, the next takes the picture. Without a camera there is no button. Where no Python can look
// at the picture, the button is off.

function render({ model, el }) {
  const button = document.createElement("button"), video = document.createElement("video"), said = document.createElement("span");
  button.className = "jupyter-widgets jupyter-button widget-button";
  button.textContent = "use the camera";
  video.width = 160;
  video.style.display = "none";
  el.append(button, video, said);
  if (!navigator.mediaDevices?.getUserMedia) { // none, or the page is not served from this machine or over https
    button.style.display = "none";
    return () => {};
  }
  const unheard = () => {
    const off = !heard(model);
    if (off !== button.disabled) says(button, (button.disabled = off));
  };
  onPage(el, unheard);
  model.get("layout")?.on?.("comm_live_update", unheard);
  let stream = null;

  function off() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.style.display = "none";
    button.textContent = "use the camera";
  }

  async function take() { // Python gets the picture
    const still = document.createElement("canvas");
    [still.width, still.height] = [video.videoWidth, video.videoHeight];
    still.getContext("2d").drawImage(video, 0, 0);
    const jpeg = await new Promise((done) => still.toBlob(done, "image/jpeg", 0.92));
    off();
    model.set("photo", new DataView(await jpeg.arrayBuffer()));
    model.save_changes();
  }

  button.addEventListener("click", async () => {
    said.textContent = "";
    if (stream) return take();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: true });
      video.srcObject = stream;
      await video.play();
      video.style.display = "inline";
      button.textContent = "take the picture";
    } catch (error) {
      off();
      said.textContent = ` no camera: ${error.message}`;
    }
  });
  return off; // the cell was run again or removed: no camera stays on
}

export default { render };
