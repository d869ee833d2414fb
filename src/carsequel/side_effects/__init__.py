"""Side effects: what the treatment cost the patient, graded by published criteria."""
